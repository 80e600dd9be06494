"""One file of a restore: what is staged beside it takes its name, and its own becomes another.

Two ways: the names are exchanged in one step, or the failed version gets a second name and the new
file is renamed. Either ends with the failed version under the batch's old name, so there is one way
back. Every step is told by what is on the disk, so each may be done again after any crash.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from typing import Callable, FrozenSet, NamedTuple, Optional, Sequence

from ..errors import HostError
from ..files import exchange, state
from ..files.fsync import flushed, spread
from ..files.tree import Irregular, Tree, open_directory
from ..state import evidence
from . import new_files, stage
from .plan import PlanItem, ReadCache

EXCHANGE, RENAME = "exchange", "rename"


class BatchContext(NamedTuple):
    """Where and how a batch is restored: the root, the suffix of saved copies, the batch's mark.

    `store` is where contents lie that were fetched because a saved copy could not be used, "" where
    none were. `way` is how names change hands, but for `unable` directories. `seen` are files whose
    content was read in this very call: the stamps of live and of staged files, which were saved
    copies before, by number; a file with the same stamp is not read again.
    """

    root: str
    suffix: str
    mark: str
    seen: ReadCache
    store: str = ""
    way: str = RENAME
    unable: FrozenSet[str] = frozenset()
    run: str = ""

    def names(self, path: str) -> tuple[str, str]:
        """Return the names beside a file that are this batch's own: the new one, the failed one."""
        name = f".rollback-{self.mark}-{hashlib.sha256(os.fsencode(path)).hexdigest()[:24]}"
        return f"{name}.new", f"{name}.old"

    def exchanges(self, item: PlanItem) -> bool:
        """Tell whether a file's name is exchanged; one that is absent has nothing to exchange."""
        if self.way != EXCHANGE:
            return False
        return not self.unable or item.saved.path.rpartition("/")[0] not in self.unable

    def staged(self, item: PlanItem) -> str:
        """Return the name that the new file of an item is staged under."""
        new, old = self.names(item.saved.path)
        return old if item.live and self.exchanges(item) else new

    def each(
        self,
        step: Callable[[BatchContext, Tree, PlanItem], object],
        items: Sequence[PlanItem],
        *,
        waits: bool = False,
    ) -> list[str]:
        """Take a step with every file; return what the steps said.

        A step that only `waits` for the disk is taken with several files at a time.
        """

        def taken(tree: Tree, item: PlanItem) -> object:
            try:
                return step(self, tree, item)
            except (OSError, Irregular) as error:
                raise tree.named(error, item.saved.path) from error

        if waits:
            said = spread(taken, self.root, items)
        else:
            with Tree(self.root) as tree:
                said = [taken(tree, item) for item in items]
        return [word for word in said if isinstance(word, str)]

    def settle(self, items: Sequence[PlanItem]) -> None:
        """Make the entries of every directory that holds one of the files durable, once each."""

        def settled(tree: Tree, name: str) -> None:
            with tree.naming(name):
                flushed(open_directory(tree.root, name))

        above = sorted({item.saved.path.rpartition("/")[0] for item in items})
        spread(settled, self.root, above)

    def trusted(
        self, role: str, item: PlanItem, directory: int, name: str
    ) -> Optional[os.stat_result]:
        """Return the state of a file if it is the very one that was read before in this call."""
        stamp = self.seen.stamp(role, item.number)
        if not stamp:
            return None
        try:
            found = os.stat(name, dir_fd=directory, follow_symlinks=False)
        except FileNotFoundError:
            return None
        return found if stamp == state.stamp(found) else None


def preserve(place: BatchContext, tree: Tree, item: PlanItem) -> Optional[str]:
    """Give the failed version a second name, so that a rename cannot lose it.

    Returns the path of a file that is not what the plan was made from.
    """
    if not item.live or place.exchanges(item):
        return None
    directory, name = tree.parent(item.saved.path)
    _, old = place.names(item.saved.path)
    read = place.trusted("live", item, directory, name)
    try:
        stage.link_as(directory, name, old)
    except OSError as error:
        if error.errno not in stage.UNLINKED:
            raise
        read = None
        with contextlib.suppress(FileNotFoundError):
            os.unlink(old, dir_fd=directory)
        evidence.copy((directory, name), (directory, old))
    stamp = state.other_name(directory, old, read) if read else 0
    if not stamp:
        kept = state.look(directory, old)
        if kept.sha256 != item.live:
            return item.saved.path
        stamp = kept.stamp
    place.seen.note("live", item.number, stamp)
    return None


def moved(place: BatchContext, paths: Sequence[str]) -> HostError:
    """Return what is said of files that are not what the plan was made from."""
    return HostError(
        f"changed since the plan, and left as they are: {', '.join(paths)}",
        f"take this run back, then start anew: scripts/rollback --undo {place.run}",
    )


def conflict(place: BatchContext, tree: Tree, item: PlanItem) -> Optional[str]:
    """Return the path of a file that is neither what the plan was made from nor restored."""
    path = item.saved.path
    directory, name = tree.parent(path)
    if place.trusted("live", item, directory, name):
        return None
    live = state.look(directory, name)
    if item.is_failed(live):
        place.seen.note("live", item.number, live.stamp)
    return None if item.is_new(live) or item.is_failed(live) else path


def commit(place: BatchContext, tree: Tree, item: PlanItem) -> None:
    """Give the new file the live name, in one step; a file that has it already keeps it."""
    path = item.saved.path
    directory, name = tree.parent(path)
    staged = place.staged(item)
    if not place.trusted("live", item, directory, name):
        live = state.look(directory, name)
        if item.is_new(live):
            _forget(place, directory, item)
            return
        if not item.is_failed(live):
            raise moved(place, [path])
    # A crash of an older kernel may have kept the name and lost the bytes: look before the step.
    whole = place.trusted("staged", item, directory, staged)
    if not whole and state.look(directory, staged).sha256 != item.saved.sha256:
        stage.write(place, tree, item)
        stage.flush(place, tree, item)
    _swap(place, directory, (staged, name), item)


def _forget(place: BatchContext, directory: int, item: PlanItem) -> None:
    """Take away what is still staged of a file that is restored; a failed version stays."""
    new, _ = place.names(item.saved.path)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(new, dir_fd=directory)


def _swap(place: BatchContext, directory: int, names: tuple[str, str], item: PlanItem) -> None:
    staged, name = names
    if not item.live:
        new_files.put(directory, staged, name)
    elif place.exchanges(item):
        exchange.exchange(directory, staged, name)
    else:
        os.rename(staged, name, src_dir_fd=directory, dst_dir_fd=directory)


def take_back(place: BatchContext, tree: Tree, item: PlanItem) -> None:
    """Give the failed version its name again; what the run staged goes.

    Raises:
        HostError: the live file is neither the restored one nor the failed one.
    """
    directory, name = tree.parent(item.saved.path)
    new, old = place.names(item.saved.path)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(new, dir_fd=directory)
    live, kept = state.look(directory, name), state.look(directory, old)
    if not (item.is_failed(live) or item.may_go(live)):
        raise HostError(
            f"{item.saved.path} changed after the restore", "save that change elsewhere first"
        )
    if item.live and item.is_failed(kept) and not item.is_new(kept):
        # Same content may be another inode with other metadata: the preserved one is the truth.
        os.rename(old, name, src_dir_fd=directory, dst_dir_fd=directory)
    elif not item.is_failed(live):
        _refuse_lost(item)
        os.unlink(name, dir_fd=directory)
    with contextlib.suppress(FileNotFoundError):
        # Staged, or rename of two names of one file keeps both; or a copy of it was broken off.
        left = evidence.unfinished(old) if kept.kind == state.ABSENT else old
        os.unlink(left, dir_fd=directory)


def _refuse_lost(item: PlanItem) -> None:
    if item.live:
        raise HostError(
            f"the failed version of {item.saved.path} is not where the run left it",
            "look for it in the run's evidence, below the state directory",
        )
