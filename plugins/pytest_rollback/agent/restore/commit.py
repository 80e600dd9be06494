"""How a pair of files is committed: the new file gets the live name, the failed one another.

`CommitWay` is the interface. Its two ways end alike, with the failed version under the batch's own
old name, so there is one way back. Every step is told by what is on the disk, so each may be done
again after any crash.
"""

from __future__ import annotations

import contextlib
import os
from abc import ABC, abstractmethod
from typing import Optional, Sequence

from ..errors import HostError
from ..files import exchange, metadata, state
from ..files.handles import Irregular, open_regular
from ..files.tree import Tree
from ..state import evidence
from . import displaced, folders, new_files, stage
from .context import BatchContext
from .plan import PlanItem


class CommitWay(ABC):
    """How new files change places with live ones.

    A batch calls, each time for all of its files: `stage`, `preserve`, `commit`. At every instant
    each live path holds its whole old or its whole new content, and the host holds both. If it
    fails before all is staged, `discard` leaves nothing of it.
    """

    name = ""
    """What it is called in the journal."""

    @abstractmethod
    def staged(self, place: BatchContext, directory: int, item: PlanItem) -> str:
        """Return the name beside the live file that the new file is staged under."""

    @abstractmethod
    def stage(self, place: BatchContext, items: Sequence[PlanItem]) -> None:
        """Make every new file durable under its staged name; no live file is touched.

        Raises:
            HostError: a backup is not as recorded any more, or the host failed.
        """

    @abstractmethod
    def preserve(self, place: BatchContext, tree: Tree, item: PlanItem) -> Optional[str]:
        """See to it that `swap` cannot lose the failed version.

        Returns the path of a file that is not what the plan was made from.
        """

    @abstractmethod
    def swap(self, place: BatchContext, tree: Tree, item: PlanItem) -> None:
        """Give the staged file the name of a live one that is there, in one step.

        Afterwards the failed version has the batch's old name.

        Raises:
            HostError: something else has that name.
        """

    def commit(self, place: BatchContext, tree: Tree, item: PlanItem) -> None:
        """Give the new file the live name; a file that has it already keeps it.

        Raises:
            HostError: the live file is neither what the plan was made from nor restored.
        """
        path = item.saved.path
        directory, name = tree.parent(path)
        if not trusted(place, "live", item, directory, name):
            live = state.look(directory, name)
            if item.is_new(live):
                _forget(place, directory, item)
                return
            if not item.may_change(live):
                raise moved(place, [path])
        staged = self.staged(place, directory, item)
        # A crash of an older kernel may keep a name and lose the bytes: look before the step.
        whole = trusted(place, "staged", item, directory, staged)
        if not (whole or item.is_new(state.look(directory, staged))):
            staged = place.names(path)[0]
            stage.write(place, tree, item, staged)
            stage.flush(tree, item, staged)
        if item.live:
            self.swap(place, tree, item)
        else:
            new_files.put(directory, staged, name)

    def discard(self, place: BatchContext, tree: Tree, item: PlanItem) -> None:
        """Take away what was staged; nothing was committed yet."""
        with contextlib.suppress(OSError, Irregular):
            directory, _ = tree.parent(item.saved.path)
            displaced.remove(directory, place.names(item.saved.path)[0])


class StagedCopies(CommitWay):
    """The way: a copy is staged, the failed version gets a second name, the copy is renamed."""

    name = "rename"

    def staged(self, place: BatchContext, directory: int, item: PlanItem) -> str:
        """Return the batch's new name."""
        del directory
        return place.names(item.saved.path)[0]

    def stage(self, place: BatchContext, items: Sequence[PlanItem]) -> None:
        """Write a copy of every backup, and flush all of them when all are written."""
        place.each(self._write, items)
        place.each(self._flush, items, waits=True)

    def _write(self, place: BatchContext, tree: Tree, item: PlanItem) -> None:
        stage.write(place, tree, item, place.names(item.saved.path)[0])

    def _flush(self, place: BatchContext, tree: Tree, item: PlanItem) -> None:
        stage.flush(tree, item, place.names(item.saved.path)[0])

    def preserve(self, place: BatchContext, tree: Tree, item: PlanItem) -> Optional[str]:
        """Give the failed version a second name; where there is none to give, a copy."""
        if not item.live or (item.was_directory and not item.is_dressed):
            return None
        directory, name = tree.parent(item.saved.path)
        _, old = place.names(item.saved.path)
        if item.is_dressed:
            return folders.kept(item, directory, (name, old))
        read = trusted(place, "live", item, directory, name) or _read(place, directory, item)
        if read is None:
            return None if item.is_failed(state.look(directory, old)) else item.saved.path
        linked = _has_second_name(directory, item, (name, old), name + place.suffix)
        stamp = state.other_name(directory, old, read) if linked else 0
        if not stamp:
            kept = state.look(directory, old)
            if not item.is_failed(kept):
                return item.saved.path
            stamp = kept.stamp
        if linked:
            place.seen.note("live", item.number, stamp)
        return None

    def swap(self, place: BatchContext, tree: Tree, item: PlanItem) -> None:
        """Rename the copy over the live file, which has its second name."""
        directory, name = tree.parent(item.saved.path)
        staged = place.names(item.saved.path)[0]
        if item.is_dressed:
            folders.dress(directory, name, item.saved)
        elif item.is_turned:
            exchange.exchange(directory, staged, name)
        else:
            os.rename(staged, name, src_dir_fd=directory, dst_dir_fd=directory)
            return
        displaced.forget(directory, item, place.names(item.saved.path))


STAGED = StagedCopies()


def _read(place: BatchContext, directory: int, item: PlanItem) -> Optional[os.stat_result]:
    """Read a live file, and return its state; None of one that is not the failed version."""
    name = os.path.basename(item.saved.path)
    live = state.look(directory, name)
    if not item.is_failed(live):
        return None
    place.seen.note("live", item.number, live.stamp)
    return trusted(place, "live", item, directory, name)


def _has_second_name(directory: int, item: PlanItem, names: tuple[str, str], backup: str) -> bool:
    """Give a failed version its second name, else copy it there; tell whether it is the same file.

    What has that name already, and is no second name, is judged by whoever asks.
    """
    try:
        return displaced.link(directory, item, names, backup)
    except OSError as error:
        if error.errno not in stage.UNLINKED:
            raise
    name, old = names
    if not displaced.is_there(directory, old):
        evidence.copy((directory, name), (directory, old))
    return False


def trusted(
    place: BatchContext, role: str, item: PlanItem, directory: int, name: str
) -> Optional[os.stat_result]:
    """Return the state of a file if it is the very one that was read before in this call."""
    stamp = place.seen.stamp(role, item.number)
    if not stamp:
        return None
    try:
        found = os.stat(name, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        return None
    return found if stamp == state.stamp(found) else None


def pending(place: BatchContext, tree: Tree, item: PlanItem) -> Optional[str]:
    """Return the path of a file that is not restored yet, whatever the journal says."""
    directory, name = tree.parent(item.saved.path)
    if trusted(place, "live", item, directory, name):
        return item.saved.path
    return None if item.is_new(state.look(directory, name)) else item.saved.path


def moved(place: BatchContext, paths: Sequence[str]) -> HostError:
    """Return the error about files that are not what the plan was made from."""
    return HostError(
        f"changed since the plan, and not restored: {', '.join(paths)}",
        f"undo this run, then start a new one: rollback undo {place.run}",
    )


def conflict(place: BatchContext, tree: Tree, item: PlanItem) -> Optional[str]:
    """Return the path of a file that is neither what the plan was made from nor restored."""
    path = item.saved.path
    directory, name = tree.parent(path)
    if trusted(place, "live", item, directory, name):
        return None
    live = state.look(directory, name)
    if item.is_failed(live) and not item.is_new(live):
        place.seen.note("live", item.number, live.stamp)
    return None if item.is_new(live) or item.may_change(live) else path


def _forget(place: BatchContext, directory: int, item: PlanItem) -> None:
    """Take away what is still staged of a file that is restored; a failed version stays."""
    displaced.forget(directory, item, place.names(item.saved.path))


def protect(place: BatchContext, tree: Tree, item: PlanItem) -> None:
    """Give a restored file its flags of `chattr`, once it has its name; undo takes them away."""
    del place
    opened = open_regular(*tree.parent(item.saved.path))
    try:
        metadata.protect(opened, item.saved.flags)
        os.fsync(opened)
    finally:
        os.close(opened)
