"""A batch of a restore: staged, preserved, committed, verified; each step journaled."""

from __future__ import annotations

import os
import stat
from typing import Any, Optional, Sequence

from ..errors import HostError
from ..files import exchange, parallel
from ..files.read import sha256
from ..files.tree import Tree, regular
from ..state.journal import Journal
from . import commit, new_files, stage
from .commit import EXCHANGE, RENAME, BatchContext
from .plan import PlanItem

MANY = 500
"""Files from which on exchanging names is worth it."""


def way(
    asked: str | None, where: BatchContext, items: Sequence[PlanItem], journal: Journal
) -> BatchContext:
    """Return the place with its way, as journaled, as asked for, or as it was tried out."""
    found: dict[str, Any] | None = since_plan(journal, "way")
    if found is None:
        if asked is None and not _is_worth_it(where, items):
            asked = RENAME
        above = {item.saved.path.rpartition("/")[0] for item in items if item.live}
        lacking = [] if asked == RENAME else exchange.unable(where.root, above, where.mark)
        if asked == EXCHANGE and lacking:
            raise HostError(
                f"names cannot be exchanged in {', '.join(lacking)}", "leave out the way, or rename"
            )
        chosen = RENAME if asked == RENAME or len(lacking) == len(above) else EXCHANGE
        journal.add("way", way=chosen, unable=lacking)
        return where._replace(way=chosen, unable=frozenset(lacking))
    return where._replace(way=found["way"], unable=frozenset(found["unable"]))


def _is_worth_it(where: BatchContext, items: Sequence[PlanItem]) -> bool:
    """Tell whether to exchange names: of many files, or where there is no room for copies.

    A few are copied as quickly; and until it is separated, an exchanged saved copy is one with the
    live file, and would follow whoever wrote to that in place.
    """
    found = os.statvfs(where.root)
    room = found.f_bavail * found.f_frsize
    need = sum(item.saved.size + found.f_frsize for item in items)
    return len(items) >= MANY or need > room // 2


def since_plan(journal: Journal, event: str) -> dict[str, Any] | None:
    """Return the latest entry of an event, unless a plan was made after it."""
    for entry in reversed(journal.entries):
        if entry["event"] in {event, "plan"}:
            return dict(entry) if entry["event"] == event else None
    return None


def carry_out(where: BatchContext, items: Sequence[PlanItem], journal: Journal) -> None:
    """Restore a batch from wherever it stands.

    Raises:
        HostError: a file is not what the plan was made from, and none was committed; or the host
            failed half way: before all is staged nothing is left of it.
    """
    if since_plan(journal, "staged") is None:
        _staged(where, items, journal)
    if since_plan(journal, "preserved") is None:
        _refuse(where, where.each(commit.preserve, items))
        where.settle(items)
        journal.add("preserved")
    _refuse(where, where.each(commit.conflict, items))
    where.each(commit.commit, items)
    where.settle(items)
    _verify(where, items)
    journal.add("verified")


def _refuse(where: BatchContext, paths: Sequence[str]) -> None:
    if paths:
        raise commit.moved(where, paths)


def _staged(where: BatchContext, items: Sequence[PlanItem], journal: Journal) -> None:
    """Stage all of a batch; when that fails nothing of it is left, and no live file was touched."""
    try:
        _linked_or_copied(where, items)
        new_files.refuse(where, [item for item in items if not item.live])
        journal.add("staged")
    except (HostError, OSError):
        where.each(stage.discard, items)
        raise


def _linked_or_copied(where: BatchContext, items: Sequence[PlanItem]) -> None:
    if where.way == EXCHANGE:
        left = frozenset(where.each(stage.link, items))
        items = [item for item in items if item.saved.path in left]
    if items:
        where.each(stage.write, items)
        where.each(stage.flush, items, waits=True)


def _verify(where: BatchContext, items: Sequence[PlanItem]) -> None:
    """Read every live file again, by its path: bytes, owner, mode, times and attributes."""

    def part(start: int, end: int) -> list[str]:
        return where.each(_wrong, items[start:end])

    wrong = [path for said in parallel.both(part, len(items)) for path in said]
    if wrong:
        raise HostError(
            f"{', '.join(wrong)}: not as recorded after the restore",
            "see who writes there, then run the same command again",
            "unfinished",
        )


def _wrong(where: BatchContext, tree: Tree, item: PlanItem) -> Optional[str]:
    """Return the path of a live file that is not as recorded."""
    ours = where.seen.stamp("staged", item.number) != 0
    return None if _is_right(tree, item, ours=ours) else item.saved.path


def _is_right(tree: Tree, item: PlanItem, *, ours: bool) -> bool:
    """Tell whether a live file is as recorded; one of ours in its times and attributes as well."""
    opened, found = regular(*tree.parent(item.saved.path))
    saved = item.saved
    try:
        if found.st_size != saved.size or sha256(opened, saved.size) != saved.sha256:
            return False
        if ours:
            return stage.is_dressed(opened, found, saved)
        now = (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode))
        return now == (saved.uid, saved.gid, saved.mode)
    finally:
        os.close(opened)


def forget(where: BatchContext, items: Sequence[PlanItem]) -> None:
    """Take away what a trial left that was killed."""
    with Tree(where.root) as tree:
        for path in {item.saved.path.rpartition("/")[0] for item in items}:
            with tree.naming(path):
                exchange.forget(tree.directory(path), where.mark)
