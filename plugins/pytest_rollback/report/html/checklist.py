"""The procedure's checklists, ticked by what was really checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pytest_rollback.text.quantities import TICKS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_rollback.report.html.presenter import Excerpt, Presenter
    from pytest_rollback.run.run_record import ChecklistEntry


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


def item(entry: ChecklistEntry, present: Presenter) -> ItemView:
    """Return one item as it is shown; an unknown state counts as not checked."""
    state = present.text(entry.state, 40) or "not checked"
    text, by = present.text(entry.item, 400), present.texts(entry.by)
    return ItemView(text, state, TICKS.get(state, "idle"), by)


def checklists(entries: Sequence[ChecklistEntry], present: Presenter) -> tuple[Checklist, ...]:
    """Return the lists in the order of the procedure."""
    lists: dict[str, list[ItemView]] = {}
    for each in entries[: present.limits.rows]:
        name = present.text(each.list_name, 80) or "Checklist"
        lists.setdefault(name, []).append(item(each, present))
    return tuple(Checklist(name, tuple(items)) for name, items in lists.items())
