"""Files go back to what they were before a run: its plans are read again, the last one first.

Apart from restoring, so that what undo sends to a host stays small.
"""

from __future__ import annotations

import os
from typing import Any, Container, Dict, List, Mapping, Sequence, Tuple

from ..errors import HostError
from ..files import exchange, metadata, state
from ..files.handles import open_regular
from ..files.tree import Tree
from ..messages.location import Location
from ..state import evidence
from ..state.journal import entries
from ..state.lock import ExclusiveRun, opened
from ..state.progress import PARTS
from . import displaced
from .context import BatchContext, context, found_again, recorded, unsure_of
from .plan import FOUND, PlanItem, PlanItems, plans

UNSURE = "the journal is older than the tree, and does not know whether the failed release had it"


def take_back(
    location: Location, work: ExclusiveRun, part: str, without: Container[str] = ()
) -> int:
    """Bring a part's files back to what they were before the run; return how many they are.

    Those `without` stay as they are.

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
            taken = [item for item in known[number] if item.saved.path not in without]
            fresh = [item for item in taken if item.saved.path not in back]
            _forget_trials(where, fresh)
            where.each(take_file_back, fresh)
            where.settle(fresh)
            _keep(work, where, [item for item in taken if item.saved.path in back])
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
    location: Location, folder: str, part: str, apart: Container[str], away: Mapping[str, str]
) -> tuple[list[str], list[str], list[str]]:
    """Return which files undo would bring back, what prevents that, and what is lost.

    What is `apart` is left alone, or taken back before. `away` is where failed versions are in the
    run's folder, by their names beside live files; "" for directories, which are made again.
    """
    back: dict[str, tuple[BatchContext, PlanItem]] = {}
    written = entries(os.path.join(folder, PARTS[part]))
    known = known_plans(location, part, written)
    older = len(known) > len(plans(written)) or any(entry.get(FOUND) for entry in written)
    for number, items in reversed(list(enumerate(known))):
        where = context(location, part, number)
        back = {**{item.saved.path: (where, item) for item in items}, **back}
    lost = [path for path in (unsure_of(location, back) if older else ()) if path not in apart]
    said = [f"{path}: {UNSURE}" for path in lost]
    ours = []
    with Tree(location.root) as tree, Tree(folder) as store:
        for path, (where, item) in back.items():
            live = state.live(tree, path)
            if path in apart or item.is_failed(live):
                continue
            ours.append(path)
            if not item.may_go(live):
                said.append(f"{path} changed after the restore")
            if item.is_turned and live.is_kind(item.saved) and displaced.is_full(tree, path):
                said.append(filled(item))
            if item.live and not _is_kept(where, item, (tree, store), away):
                said.append(f"{path}: its failed version is gone, or changed, since the restore")
                lost.append(path)
    return ours, said, lost


def _is_kept(
    where: BatchContext, item: PlanItem, trees: Tuple[Tree, Tree], away: Mapping[str, str]
) -> bool:
    """Return whether the failed version is beside the live file, or in the run's folder."""
    above, names = os.path.dirname(item.saved.path), where.names(item.saved.path)
    beside = [os.path.join(above, name) for name in names]
    if any(item.is_failed(state.live(trees[0], path)) for path in reversed(beside)):
        return True
    kept = away.get(beside[1])
    return kept == "" or (kept is not None and item.is_failed(state.live(trees[1], kept)))


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
