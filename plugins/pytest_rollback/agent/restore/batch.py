"""A batch of a restore: staged, preserved, committed, verified; each step journaled."""

from __future__ import annotations

import os
from typing import Any, Dict, Optional, Sequence

from ..errors import HostError
from ..files import comparison, exchange, parallel, state
from ..files.tree import Tree
from ..state.journal import Journal
from ..system import disk
from . import commit, folders, new_files
from .commit import STAGED, CommitWay
from .context import BatchContext
from .name_exchange import ExchangedNames
from .plan import PlanItem

SHARE = 2
"""Copies may use one part in so many of the free space: logs need the rest."""

BLOCK = 4096
"""Bytes that a file may take beyond its size."""


def chosen(
    asked: str, where: BatchContext, items: Sequence[PlanItem], journal: Journal
) -> CommitWay:
    """Return the way that is journaled, or journal the one that is asked for or there is room for.

    Raises:
        HostError: names were to be exchanged, and the host cannot do that everywhere.
    """
    found: dict[str, Any] | None = since_plan(journal, "way")
    if found is None:
        copied = where.copies is not None  # a backup that is apart has no name to exchange
        if copied or (asked != ExchangedNames.name and (asked or has_room(where, items))):
            journal.add("way", way=STAGED.name, unable=[])
            return STAGED
        found = _exchange(asked, where, items)
        journal.add("way", **found)
    return STAGED if found["way"] == STAGED.name else ExchangedNames(frozenset(found["unable"]))


def has_room(where: BatchContext, items: Sequence[PlanItem]) -> bool:
    """Return whether each file system has room for copies of its files."""
    sizes: Dict[str, int] = {}
    for item in items:
        above = os.path.dirname(item.saved.path)
        sizes[above] = sizes.get(above, 0) + item.saved.size + BLOCK
    needs = [disk.Need(os.path.join(where.root, above), size) for above, size in sizes.items()]
    return all(room.need <= room.free // SHARE for room in disk.rooms(needs))


def _exchange(asked: str, where: BatchContext, items: Sequence[PlanItem]) -> dict[str, Any]:
    """Return the way, and the directories in which names cannot be exchanged."""
    above = {item.saved.path.rpartition("/")[0] for item in items if item.live}
    unable = exchange.unable(where.root, above, where.mark)
    if asked and unable:
        raise HostError(
            f"names cannot be exchanged in {', '.join(unable)}", "leave out the way, or rename"
        )
    way = STAGED.name if len(unable) == len(above) else ExchangedNames.name
    return {"way": way, "unable": unable}


def since_plan(journal: Journal, event: str) -> dict[str, Any] | None:
    """Return the latest entry of an event, unless a plan was made after it."""
    for entry in reversed(journal.entries):
        if entry["event"] in {event, "plan"}:
            return dict(entry) if entry["event"] == event else None
    return None


def carry_out(
    where: BatchContext, way: CommitWay, items: Sequence[PlanItem], journal: Journal
) -> None:
    """Restore a batch from wherever it stands.

    Raises:
        HostError: a file is not what the plan was made from, and none was committed; or the host
            failed half way: before all is staged nothing is left of it.
    """
    if since_plan(journal, "staged") is None:
        _staged(where, way, items, journal)
    if since_plan(journal, "preserved") is None:
        _refuse(where, where.each(way.preserve, items))
        where.settle(items)
        journal.add("preserved")
    _refuse(where, where.each(commit.conflict, items))
    where.each(way.commit, items)
    where.settle(items)
    where.each(commit.protect, [item for item in items if item.saved.flags])
    _verify(where, items)
    journal.add("verified")


def _refuse(where: BatchContext, paths: Sequence[str]) -> None:
    if paths:
        raise commit.moved(where, paths)


def _staged(
    where: BatchContext, way: CommitWay, items: Sequence[PlanItem], journal: Journal
) -> None:
    """Stage all of a batch; when that fails nothing of it is left, and no live file was touched.

    What is restored already, by a call whose word the journal has lost, is left alone.
    """
    pending = frozenset(where.each(commit.pending, items))
    left = [item for item in items if item.saved.path in pending]
    try:
        way.stage(where, left)
        new_files.refuse(where, [item for item in left if not item.live])
        folders.refuse(where, [item for item in left if item.is_turned])
        journal.add("staged")
    except (HostError, OSError):
        where.each(way.discard, left)
        raise


def _verify(where: BatchContext, items: Sequence[PlanItem]) -> None:
    """Read every live file again, by its path: bytes, owner, mode, times and attributes."""

    def part(start: int, end: int) -> list[str]:
        return where.each(_wrong, items[start:end])

    wrong = [path for said in parallel.both(part, len(items)) for path in said]
    if wrong:
        raise HostError(
            f"{', '.join(wrong)}: not as recorded after the restore",
            "find out who writes there, then run the same command again",
            "unfinished",
        )


def _wrong(where: BatchContext, tree: Tree, item: PlanItem) -> Optional[str]:
    """Return the path of a live file that is not as recorded."""
    ours = where.seen.stamp("staged", item.number) != 0
    return None if _is_right(tree, item, ours=ours) else item.saved.path


def _is_right(tree: Tree, item: PlanItem, *, ours: bool) -> bool:
    """Return whether a live file is as recorded; a restored one also in its time of change."""
    live = state.live(tree, item.saved.path, item.saved.size)
    touched = ours and comparison.touched(item.saved, live)
    return comparison.same(item.saved, live) and not touched
