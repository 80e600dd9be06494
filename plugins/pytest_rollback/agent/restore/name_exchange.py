"""Exchanged names: the way for a host without room for copies, and what it leaves to do.

The backup gets a second name, and that name and the live one change places. So the restored file is
the backup itself: before anything starts that might write to it in place, each backup gets bytes of
its own, durable, under the same name. If there is no room for that, the answer says so.
"""

from __future__ import annotations

import contextlib
import errno
import os
from typing import FrozenSet, Iterator, List, Optional, Sequence, Tuple

from ..errors import HostError
from ..files import comparison, exchange, state
from ..files.fsync import flushed
from ..files.handles import Irregular, open_regular
from ..files.tree import Tree
from ..messages.restore import BackupsSeparated, SharedBackups, SharedRequest
from ..state.backup_set import FileEntry
from ..state.journal import entries
from ..state.lock import folder_of, working
from ..state.progress import CHANGES
from . import displaced, stage
from .commit import STAGED, CommitWay, moved
from .context import BatchContext, batches
from .plan import PlanItem

FULL = {errno.ENOSPC, errno.EDQUOT}
PARTING = "separate"


class ExchangedNames(CommitWay):
    """Names are exchanged in one step; files in `unable` directories are restored by copies."""

    name = "exchange"

    def __init__(self, unable: FrozenSet[str] = frozenset()) -> None:
        self.unable = unable

    def _can(self, item: PlanItem) -> bool:
        if item.saved.is_directory:
            return False
        return item.saved.path.rpartition("/")[0] not in self.unable

    def _is_copied(self, place: BatchContext, directory: int, item: PlanItem) -> bool:
        """Return whether a file is restored by a copy, which has a name of its own."""
        new = place.names(item.saved.path)[0]
        return not self._can(item) or displaced.is_there(directory, new)

    def staged(self, place: BatchContext, directory: int, item: PlanItem) -> str:
        """Return the batch's old name, which the failed version has afterwards; copies have not."""
        new, old = place.names(item.saved.path)
        return new if not item.live or self._is_copied(place, directory, item) else old

    def stage(self, place: BatchContext, items: Sequence[PlanItem]) -> None:
        """Give every backup that is as recorded its second name; copy the others."""
        place.each(_durable, items, waits=True)
        left = frozenset(place.each(self._link, items))
        copied = [item for item in items if item.saved.path in left]
        place.each(self._write, copied)
        place.each(self._flush, copied, waits=True)

    def _link(self, place: BatchContext, tree: Tree, item: PlanItem) -> Optional[str]:
        """Link a backup; return the path of a file that has to be copied."""
        own = self._can(item) and not item.saved.is_link  # a link is no larger than its name
        return None if own and _linked(place, tree, item) else item.saved.path

    def _write(self, place: BatchContext, tree: Tree, item: PlanItem) -> None:
        stage.write(place, tree, item, place.names(item.saved.path)[0])

    def _flush(self, place: BatchContext, tree: Tree, item: PlanItem) -> None:
        stage.flush(tree, item, place.names(item.saved.path)[0])

    def preserve(self, place: BatchContext, tree: Tree, item: PlanItem) -> Optional[str]:
        """Do nothing, but for copies: an exchange loses no name."""
        directory, _ = tree.parent(item.saved.path)
        copied = self._is_copied(place, directory, item)
        return STAGED.preserve(place, tree, item) if copied else None

    def swap(self, place: BatchContext, tree: Tree, item: PlanItem) -> None:
        """Exchange the names of the staged and the live file."""
        directory, name = tree.parent(item.saved.path)
        staged = self.staged(place, directory, item)
        if not self._is_copied(place, directory, item):
            exchange.exchange(directory, staged, name)
            return
        if STAGED.preserve(place, tree, item):
            raise moved(place, [item.saved.path])
        STAGED.swap(place, tree, item)

    def discard(self, place: BatchContext, tree: Tree, item: PlanItem) -> None:
        """Take away what was staged; a second name goes if it is the backup's."""
        super().discard(place, tree, item)
        with contextlib.suppress(OSError, Irregular):
            directory, name = tree.parent(item.saved.path)
            old = place.names(item.saved.path)[1]
            if displaced.is_one(directory, old, (name + place.suffix,)):
                os.unlink(old, dir_fd=directory)


def _durable(place: BatchContext, tree: Tree, item: PlanItem) -> None:
    """Make a backup durable; one that cannot be opened is copied, or told, afterwards."""
    copy = item.saved.path + place.suffix
    with tree.naming(copy):
        try:
            opened = open_regular(*tree.parent(copy))
        except (FileNotFoundError, Irregular):
            return
        flushed(opened)


def _linked(place: BatchContext, tree: Tree, item: PlanItem) -> bool:
    """Give a backup its second name; tell whether it is as recorded, and could be given one."""
    directory, name = tree.parent(item.saved.path)
    copied = name + place.suffix
    read = _relied(item.saved, directory, (copied, place.names(item.saved.path)))
    if read is None:
        return False
    staged = _second_name(place, directory, item, copied)
    if not staged:
        return False
    stamp = state.other_name(directory, staged, read)
    if not stamp:
        raise stage.changed(item.saved)
    place.seen.note("staged", item.number, stamp)
    return True


def _second_name(place: BatchContext, directory: int, item: PlanItem, copied: str) -> str:
    """Return the second name that a backup was given, "" if it could not be."""
    new, old = place.names(item.saved.path)
    displaced.remove(directory, new)  # a copy of an earlier call
    name, wanted = os.path.basename(item.saved.path), old if item.live else new
    try:
        return wanted if displaced.link(directory, item, (copied, wanted), name) else ""
    except OSError as error:
        if error.errno in stage.UNLINKED:
            return ""
        raise


def _relied(
    saved: FileEntry, directory: int, names: Tuple[str, Tuple[str, str]]
) -> Optional[os.stat_result]:
    """Read a backup; return its state if it is all as recorded, and has no name but of ours.

    `names` are the backup's, and the batch's own two.
    """
    copied, ours = names
    try:
        found = os.stat(copied, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        return None
    copy = state.look(directory, copied, saved.size)
    own = 1 + sum(displaced.is_one(directory, each, (copied,)) for each in ours)
    whole = copy.links == own and copy.has_content(saved) and comparison.is_version(saved, copy)
    if not whole or saved.flags or copy.flags or comparison.touched(saved, copy):
        return None
    return found if state.stamp(found) == copy.stamp else None


def look(request: SharedRequest) -> SharedBackups:
    """Return the files of a run whose backups are the live files."""
    folder = folder_of(request.location)
    written = entries(os.path.join(folder, CHANGES)) if folder else []
    said = [each for each in written if each["event"] == f"{PARTING} done"]
    full = bool(said) and not said[-1]["room"]
    paths = tuple(item.saved.path for _, items in shared(request) for item in items)
    return SharedBackups((), room=False, left=paths) if full else SharedBackups(paths)


def shared(request: SharedRequest) -> Iterator[Tuple[BatchContext, List[PlanItem]]]:
    """Yield the files of each batch whose backups are the live files, whoever made them so."""
    for place, items in batches(request.location):
        with Tree(place.root) as tree:
            found = [each for each in items if _is_shared(place, tree, each)]
        if found:
            yield place, found


def _is_shared(place: BatchContext, tree: Tree, item: PlanItem) -> bool:
    try:
        directory, name = tree.parent(item.saved.path)
        live = os.stat(name, dir_fd=directory, follow_symlinks=False)
        copy = os.stat(name + place.suffix, dir_fd=directory, follow_symlinks=False)
    except (OSError, Irregular):
        return False
    return (live.st_dev, live.st_ino) == (copy.st_dev, copy.st_ino)


def separate(request: SharedRequest) -> BackupsSeparated:
    """Give every shared backup bytes of its own.

    Raises:
        HostError: the host failed half way; every backup is there, the same call again goes on.
    """
    with working(request.location) as work:
        number, room = 0, True
        for place, items in shared(request):
            work.journal.add(PARTING, number=len(items))
            try:
                _separated(place, items)
                number += len(items)
            except HostError as problem:
                if getattr(problem.__cause__, "errno", None) not in FULL:
                    raise
                place.each(STAGED.discard, items)
                room = False
        work.journal.add(f"{PARTING} done", room=room)
    return BackupsSeparated(number, room)


def _separated(place: BatchContext, items: Sequence[PlanItem]) -> None:
    """Write copies, make them durable, and give them the backups' names."""
    place.each(_copied, items)
    place.each(_flushed, items, waits=True)
    place.each(_named, items)
    place.settle(items)


def _copied(place: BatchContext, tree: Tree, item: PlanItem) -> None:
    stage.write(place, tree, item, place.names(item.saved.path)[0])


def _flushed(place: BatchContext, tree: Tree, item: PlanItem) -> None:
    stage.flush(tree, item, place.names(item.saved.path)[0])


def _named(place: BatchContext, tree: Tree, item: PlanItem) -> None:
    directory, name = tree.parent(item.saved.path)
    ends = {"src_dir_fd": directory, "dst_dir_fd": directory}
    os.rename(place.names(item.saved.path)[0], name + place.suffix, **ends)
