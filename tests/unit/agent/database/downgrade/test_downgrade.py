"""The live database is migrated back, and forward again by an undo: real servers, real scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_rollback.agent.errors import HostError
from pytest_rollback.agent.messages.rollback.migrations import MIGRATIONS

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.agent.database.downgrade.conftest import MigratedCorner


def test_what_was_rehearsed_is_done_and_undone(ahead: MigratedCorner, scratch: Path) -> None:
    """The head decides: twice changes nothing, and an undo leads back to where it was."""
    ahead.rehearsed(scratch)
    found = ahead.looked()
    assert (found.is_there, found.is_known, found.begun) == (False, True, False)
    done = ahead.migrate()
    assert (done.before.words, done.after.words) == ("alembic two", "alembic one")
    assert "buyer" not in ahead.columns()
    assert (ahead.looked().is_there, ahead.looked().begun) == (True, False)

    assert ahead.plan() == (("./up.sh",), ())
    ahead.undo()
    assert "buyer" in ahead.columns()
    assert ahead.looked().head.words == "alembic two"
    ahead.undo()


def test_a_way_back_that_fails_changes_nothing_and_is_told(ahead: MigratedCorner) -> None:
    """With the server's words, and the command as one types it."""
    ahead.down = (ahead.script("down", "ALTER TABLE orders DROP COLUMN nothing"),)
    with pytest.raises(HostError, match=r'\./down.sh failed, exit code 3: .*column "nothing"') as e:
        ahead.migrate()

    assert "./down.sh" in e.value.hint
    assert ahead.looked().begun
    ahead.undo()
    assert "buyer" in ahead.columns()


def test_a_way_back_that_ends_well_and_does_nothing_is_no_way_back(ahead: MigratedCorner) -> None:
    """Ended with 0 is not enough."""
    ahead.down = (("true",),)
    with pytest.raises(HostError, match="ended well, and the database is at alembic two: ahead of"):
        ahead.migrate()


def test_a_way_back_that_takes_too_long_is_ended(ahead: MigratedCorner) -> None:
    """Its deadline is its own."""
    ahead.down, ahead.timeout = (("sleep", "60"),), 0.5
    with pytest.raises(HostError, match=r"sleep 60 took longer than 0.5 s and was ended"):
        ahead.migrate()


def test_without_up_an_undo_says_so_before_anything(ahead: MigratedCorner, scratch: Path) -> None:
    """Nothing is undone by half; left out by name, all else is."""
    ahead.up = ()
    ahead.rehearsed(scratch)
    ahead.migrate()
    (said,) = ahead.plan()[1]

    assert "[database.migrate] has no up" in said
    with pytest.raises(HostError, match="has no up"):
        ahead.undo()
    ahead.undo(MIGRATIONS)
    assert "buyer" not in ahead.columns()
