"""Files go back to what they were before a run: its plans are read again, the last one first.

Apart from restoring, so that what undo sends to a host stays small.
"""

from __future__ import annotations

import os
from typing import Any, Container, Iterable, Iterator, Mapping, NamedTuple, Sequence

from ..errors import HostError
from ..files import comparison, exchange, metadata, state
from ..files.handles import Irregular, open_regular
from ..files.metadata import FileEntry
from ..files.tree import Tree
from ..messages.location import Location
from ..state import backup_set, evidence
from ..state.directory import OWN
from ..state.journal import entries
from ..state.lock import ExclusiveRun, folder_of, opened
from ..state.progress import PARTS
from . import displaced, failed_versions, folders
from .context import BatchContext, context
from .plan import ABSENT, FOUND, SIGN, PlanItem, PlanItems, plans

UNSURE = "the journal is older than the tree, and does not know whether the failed release had it"

NOWHERE: dict[str, str] = {}
"""That no failed version is away; nobody writes into it."""


class Standing(NamedTuple):
    """What an undo of restored files would do.

    `files` come back. `conflicts` prevent it, each with its path; of them, those that are `lost`
    cannot be brought back. `older` tells whether the tree knows more than the journal, `known` are
    the files that the run restored, `absent` the added files that each plan did not find.
    """

    files: list[str]
    conflicts: list[tuple[str, str]]
    lost: list[str]
    older: bool
    known: set[str]
    absent: list[list[str]]


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
            taken = list(folders.reached(where, taken))
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


def known_plans(
    location: Location, part: str, written: list[dict[str, Any]], away: Mapping[str, str] = NOWHERE
) -> list[PlanItems]:
    """Return the plans of a part of a run: those that are written, and what the tree knows more."""
    known = plans(written)
    more = found_again(location, part, len(known), recorded(location), away)
    return [*known, more] if more else known


def standing(
    location: Location, folder: str, part: str, apart: Container[str], away: Mapping[str, str]
) -> Standing:
    """Return which files undo would bring back, what prevents that, and what is lost.

    What is `apart` is left alone, or taken back before. `away` is where failed versions are in the
    run's folder, by their names beside live files; "" for directories, which are made again.
    """
    back: dict[str, tuple[BatchContext, PlanItem]] = {}
    written = entries(os.path.join(folder, PARTS[part]))
    known = known_plans(location, part, written, away)
    older = len(known) > len(plans(written)) or any(entry.get(FOUND) for entry in written)
    for number, items in reversed(list(enumerate(known))):
        where = context(location, part, number)
        back = {**{item.saved.path: (where, item) for item in items}, **back}
    ours: list[str] = []
    said: list[tuple[str, str]] = []
    lost: list[str] = []
    links = failed_versions.released(location.state)
    with Tree(location.root) as tree, Tree(folder) as store:
        for path, (where, item) in back.items():
            live = state.live(tree, path)
            if path in apart or item.is_failed(live):
                continue
            ours.append(path)
            if not item.may_go(live):
                said.append((path, f"{path} changed after the restore"))
            if item.is_turned and live.is_kind(item.saved) and displaced.is_full(tree, path):
                said.append((path, filled(item)))
            gone = failed_versions.lacking(where, item, (tree, store), away, links)
            if gone:
                said.append((path, gone))
                lost.append(path)
    told = [entry[ABSENT] for entry in written if ABSENT in entry]
    return Standing(ours, said, lost, older, set(back), told)


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


# What the journal of a run does not say, and the tree does: failed versions under its own names.


def recorded(location: Location) -> Sequence[FileEntry]:
    """Return the recorded files; none where there is no record that can be used."""
    try:
        return backup_set.read(location.state).files
    except HostError:
        return ()


def found_again(
    location: Location,
    part: str,
    known: int,
    saved: Iterable[FileEntry],
    away: Mapping[str, str] = NOWHERE,
) -> PlanItems:
    """Return what was restored after the plans that are known, so many, of a part of a run.

    Each has its failed version beside it, under a name of the next plan, and is as recorded; or the
    failed version is `away`: in the run's folder, at a path that is given for that name.
    """
    where, found = context(location, part, known), PlanItems()
    folder, near = folder_of(location) or "/", {os.path.dirname(path) for path in away}
    with Tree(location.root) as tree, Tree(folder if away else "/") as store:
        for entry in _near(tree, saved, f"{OWN}{where.mark}-", near):
            above, old = os.path.dirname(entry.path), where.names(entry.path)[1]
            beside = os.path.join(above, old)
            there = away.get(beside)
            kept = state.live(store, there) if there else state.live(tree, beside)
            live = state.live(tree, entry.path)
            restored = _as_restored(entry, live)
            if kept.is_known and restored and not comparison.is_version(restored, kept):
                sign = SIGN if kept.is_directory else ""
                found.add(restored, comparison.version(kept) + sign)
    return found


def unsure_of(location: Location, known: Container[str]) -> list[str]:
    """Return the recorded files, beside those that are known, that a call may have put there."""
    with Tree(location.root) as tree:
        return [
            entry.path
            for entry in recorded(location)
            if entry.path not in known and _as_restored(entry, state.live(tree, entry.path))
        ]


def _near(
    tree: Tree, saved: Iterable[FileEntry], mark: str, more: Container[str]
) -> Iterator[FileEntry]:
    """Yield the files in whose directory a name begins like those of a batch, or in `more`."""
    last, near = "/", False
    for entry in saved:
        above = entry.path.rpartition("/")[0]
        if above != last:
            last = above
            near = above in more or any(each.startswith(mark) for each in _names(tree, above))
        if near:
            yield entry


def _names(tree: Tree, path: str) -> Sequence[str]:
    try:
        return os.listdir(tree.directory(path))
    except (OSError, Irregular):
        return ()


def _as_restored(entry: FileEntry, live: state.FileState) -> FileEntry | None:
    """Return an entry as it was restored, if it was: a secret may be tighter than recorded."""
    for each in (entry, backup_set.capped(entry, (entry.path,))):
        if comparison.is_version(each, live):
            return each
    return None
