"""The procedure's checklists, ticked by what was really checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pytest_rollback.text.quantities import TICKS

if TYPE_CHECKING:
    from pytest_rollback.report.html.reader import Excerpt, Row


class ItemView(NamedTuple):
    """One item, its state, and the criteria that say so."""

    text: str
    state: str
    tone: str
    by: Excerpt[str]


class Checklist(NamedTuple):
    """One list of the procedure."""

    name: str
    items: tuple[ItemView, ...]

    @property
    def done(self) -> int:
        """Return how many items are ticked."""
        return sum(item.tone == "good" for item in self.items)


def item(row: Row) -> ItemView:
    """Return one item as it is shown; an unknown state counts as not checked."""
    state = row.text("state", 40) or "not checked"
    return ItemView(row.text("item", 400), state, TICKS.get(state, "idle"), row.texts("by"))


def checklists(record: Row) -> tuple[Checklist, ...]:
    """Return the lists in the order of the procedure."""
    lists: dict[str, list[ItemView]] = {}
    for row in record.rows("checklist")[: record.limits.rows]:
        lists.setdefault(row.text("list", 80) or "Checklist", []).append(item(row))
    return tuple(Checklist(name, tuple(items)) for name, items in lists.items())
