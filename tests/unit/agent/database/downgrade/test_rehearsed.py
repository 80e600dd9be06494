"""A way back is run on a copy first: real servers, real scripts, and the live database stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.agent.database.downgrade.conftest import Ahead


def test_a_way_back_is_timed_and_its_loss_counted(ahead: Ahead, scratch: Path) -> None:
    """The head afterwards is what the previous release needs; the live database is only read."""
    before = ahead.columns()
    found = ahead.rehearsed(scratch).rehearsal

    assert found.problems == ()
    assert (found.before.words, found.after.words) == ("alembic two", "alembic one")
    assert [(each.words, each.seconds > 0) for each in found.steps] == [("./down.sh", True)]
    assert found.tables == ()
    assert [tuple(each) for each in found.columns] == [("public.orders.buyer", 20)]
    assert found.forward is not None
    assert ahead.columns() == before
