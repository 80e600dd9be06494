"""The live database is migrated back, and forward again by an undo: real servers, real scripts."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from pytest_rollback.agent.errors import HostError
from pytest_rollback.agent.messages.rollback.migrations import MIGRATIONS
from tests.unit.support.dumped import MAJORS

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.agent.database.downgrade.conftest import MigratedCorner


@pytest.mark.parametrize("running", MAJORS, indirect=True)
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


FIRST = (
    "ALTER TABLE orders RENAME buyer TO customer; UPDATE alembic_version SET version_num = 'half'"
)
SECOND = """ALTER TABLE orders DROP COLUMN customer;
UPDATE alembic_version SET version_num = 'one'"""


def two(ahead: MigratedCorner) -> None:
    """Have the way back be two commands; the second kills who began it while a file is there."""
    ahead.up = ()
    dies = "[ ! -e dies ] || { kill -9 $PPID; exit 1; }"
    ahead.down = (ahead.script("first", FIRST), ahead.script("second", SECOND, dies))


def killed(ahead: MigratedCorner) -> None:
    """Migrate in a process that is killed by its second command."""
    (ahead.root / "dies").touch()
    pid = os.fork()
    if not pid:
        try:
            ahead.migrate()
        finally:
            os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -9
    (ahead.root / "dies").unlink()


def test_a_run_that_was_killed_between_two_commands_is_gone_on_with(
    ahead: MigratedCorner, scratch: Path
) -> None:
    """What is done is not done again: the head says so."""
    two(ahead)
    ahead.rehearsed(scratch)
    killed(ahead)
    found = ahead.looked()
    assert (found.begun, found.head.words, found.stuck) == (True, "alembic half", "")
    ahead.migrate()

    assert ahead.looked().is_there
    assert "customer" not in ahead.columns()


def test_a_run_that_was_killed_within_a_command_says_how_to_go_on(
    ahead: MigratedCorner, scratch: Path
) -> None:
    """At a head that no rehearsal has seen nobody guesses; once it is known, the same goes on."""
    two(ahead)
    ahead.rehearsed(scratch)
    killed(ahead)
    ahead.base.sql("UPDATE alembic_version SET version_num = 'between'")
    found = ahead.looked()
    assert "was interrupted in ./second.sh, and the database is at alembic between" in found.stuck
    assert "./second.sh" in found.way
    with pytest.raises(HostError, match=r"was interrupted in ./second.sh"):
        ahead.migrate()

    ahead.base.sql(SECOND)
    ahead.migrate()
    assert (ahead.looked().is_there, ahead.looked().begun) == (True, False)
