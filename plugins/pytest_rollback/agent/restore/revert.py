"""Files go back to what they were before a run: its plans are read again, the last one first.

Apart from restoring, so that what undo sends to a host stays small.
"""

from __future__ import annotations

import os
from typing import Any, Dict, List, Sequence

from ..errors import HostError
from ..files import exchange, metadata, state
from ..files.tree import Tree, open_regular
from ..messages.location import Location
from ..state import evidence
from ..state.journal import entries
from ..state.lock import ExclusiveRun, opened
from ..state.progress import PARTS
from . import displaced
from .context import BatchContext, context, found_again, recorded, unsure_of
from .plan import FOUND, PlanItem, PlanItems, plans


def take_back(location: Location, work: ExclusiveRun, part: str) -> int:
    """Bring a part's files back to what they were before the run; return how many they are.

    A file that was restored twice, because it was deployed again in between, becomes what it was
    before the last time; what it was before the first is kept in the evidence.
    """
    journal = opened(work.folder, PARTS[part])
    try:
        known = known_plans(location, part, journal.entries)
        if known and journal.last("undo") is None:
            journal.add("undo")
        back: set[str] = set()
        for number in reversed(range(len(known))):
            where = context(location, part, number)
            fresh = [item for item in known[number] if item.saved.path not in back]
            _forget_trials(where, fresh)
            where.each(take_file_back, fresh)
            where.settle(fresh)
            _keep(work, where, [item for item in known[number] if item.saved.path in back])
            back.update(item.saved.path for item in fresh)
        if known and journal.last("undone") is None:
            journal.add("undone")
        return len(back)
    finally:
        journal.close()


def known_plans(location: Location, part: str, written: List[Dict[str, Any]]) -> List[PlanItems]:
    """Return the plans of a part of a run: those that are written, and what the tree knows more."""
    known = plans(written)
    more = found_again(location, part, len(known), recorded(location))
    return [*known, more] if more else known


def standing(
    location: Location, folder: str, part: str, replaced: Sequence[str] = ()
) -> tuple[list[str], list[str]]:
    """Return which files undo would bring back, and what prevents that.

    What was `replaced` after its restore is taken back before it, and prevents nothing.
    """
    root = location.root
    back: dict[str, PlanItem] = {}
    written = entries(os.path.join(folder, PARTS[part]))
    known = known_plans(location, part, written)
    lost = len(known) > len(plans(written)) or any(entry.get(FOUND) for entry in written)
    for items in reversed(known):
        back.update((item.saved.path, item) for item in items if item.saved.path not in back)
    unsure = unsure_of(location, back) if lost else []
    for path in replaced:
        back.pop(path, None)
    with Tree(root) as tree:
        live = {path: state.live(tree, path) for path in back}
        full = [
            filled(item)
            for path, item in back.items()
            if item.is_turned and live[path].is_kind(item.saved) and displaced.is_full(tree, path)
        ]
    said = full + [
        f"{path}: the journal of the run is older than the tree, and does not know whether the "
        "failed release had this file"
        for path in unsure
    ]
    said += [
        f"{path} changed after the restore"
        for path, item in back.items()
        if not (item.may_go(live[path]) or item.is_failed(live[path]))
    ]
    return [path for path, item in back.items() if not item.is_failed(live[path])], said


def _keep(work: ExclusiveRun, where: BatchContext, items: list[PlanItem]) -> None:
    """Move failed versions that nothing will take the place of into the evidence."""
    paths = [item.saved.path for item in items]
    beside = [os.path.join(os.path.dirname(path), where.names(path)[1]) for path in paths]
    displaced.put_away(work, where.root, list(zip(beside, paths)))


def _forget_trials(where: BatchContext, items: Sequence[PlanItem]) -> None:
    """Take away what a trial left that was killed."""
    with Tree(where.root) as tree:
        for path in {item.saved.path.rpartition("/")[0] for item in items}:
            with tree.naming(path):
                exchange.forget(tree.directory(path), where.mark)


def take_file_back(place: BatchContext, tree: Tree, item: PlanItem) -> None:
    """Give the failed version its name again; what the run staged goes.

    Raises:
        HostError: the live file is neither the restored one nor the failed one.
    """
    directory, name = tree.parent(item.saved.path)
    new, old = place.names(item.saved.path)
    displaced.forget(directory, item, (new, old))
    live, kept = state.look(directory, name), state.look(directory, old)
    if not (item.is_failed(live) or item.may_go(live)):
        raise HostError(
            f"{item.saved.path} changed after the restore", "save that change elsewhere first"
        )
    if live.flags and live.flags == item.saved.flags:
        _unprotect(directory, name)
    if item.live and item.is_failed(kept):
        _named_again(directory, item, (old, name), live)
    elif not item.is_failed(live):
        _refuse_lost(item)
        displaced.remove(directory, name)
    # Staged, or rename of two names of one file keeps both; or a copy of it was broken off.
    if displaced.is_folder(directory, old):
        displaced.clear(tree, os.path.join(os.path.dirname(item.saved.path), old))
    elif kept.kind == state.ABSENT:
        displaced.remove(directory, evidence.unfinished(old))
    else:
        displaced.spare(directory, item, old, (name, name + place.suffix))


def _named_again(
    directory: int, item: PlanItem, names: tuple[str, str], live: state.FileState
) -> None:
    """Give the preserved version the live name again: the old name, and that one."""
    old, name = names
    if item.is_dressed:
        displaced.dress_alike(directory, old, name)
    elif item.is_turned and not item.is_failed(live):
        if item.saved.is_directory and displaced.is_filled(directory, name):
            raise HostError(filled(item), "save what is in it elsewhere first")
        exchange.exchange(directory, old, name)
    elif not item.is_turned:
        # Same content may be another inode with other metadata: the preserved one is the truth.
        os.rename(old, name, src_dir_fd=directory, dst_dir_fd=directory)


def filled(item: PlanItem) -> str:
    """Return what prevents that a directory becomes what it was."""
    return f"{item.saved.path} is not empty any more"


def _unprotect(directory: int, name: str) -> None:
    """Take away the flags of `chattr` that the run gave a file."""
    opened = open_regular(directory, name)
    try:
        metadata.protect(opened, 0)
    finally:
        os.close(opened)


def _refuse_lost(item: PlanItem) -> None:
    if item.live:
        raise HostError(
            f"the failed version of {item.saved.path} was moved after the run",
            "search for it in the run's evidence, below the state directory",
        )
