"""A batch of a restore: its directories, the names beside its files, and steps over all of them."""

from __future__ import annotations

import hashlib
import os
from typing import (
    Callable,
    Container,
    Iterable,
    Iterator,
    List,
    NamedTuple,
    Optional,
    Sequence,
    Tuple,
)

from ..errors import HostError
from ..files import comparison, state
from ..files.fsync import flushed, spread
from ..files.handles import Irregular, open_directory
from ..files.metadata import FileEntry
from ..files.tree import Tree
from ..messages.location import Location
from ..state import backup_set, evidence
from ..state.directory import OWN
from ..state.journal import entries
from ..state.lock import folder_of
from ..state.progress import PARTS
from .plan import SIGN, PlanItem, PlanItems, ReadCache, plans


class BatchContext(NamedTuple):
    """Where a batch is restored: the root, the suffix of backups, and the batch's mark.

    `store` is the directory of contents that were fetched because a backup could not be used, ""
    if none were. `seen` are files whose content was read in this very call: the stamps of live and
    of staged files by number; a file with the same stamp is not read again.
    """

    root: str
    suffix: str
    mark: str
    seen: ReadCache
    store: str = ""
    run: str = ""

    def names(self, path: str) -> tuple[str, str]:
        """Return the names beside a file that are this batch's own: the new one, the failed one."""
        name = f"{OWN}{self.mark}-{hashlib.sha256(os.fsencode(path)).hexdigest()[:24]}"
        return f"{name}.new", f"{name}.old"

    def each(
        self,
        step: Callable[[BatchContext, Tree, PlanItem], object],
        items: Sequence[PlanItem],
        *,
        waits: bool = False,
    ) -> list[str]:
        """Take a step with every file; return the texts that the steps returned.

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


def context(location: Location, part: str, number: int) -> BatchContext:
    """Return the batch of a run's plan; later plans of a part have other marks."""
    mark = location.run + ("" if part in {"", "files"} else "-c")
    named = mark if number == 0 else f"{mark}-{number}"
    folder = evidence.fetched_folder(location)
    store = folder if os.path.isdir(folder) else ""
    return BatchContext(location.root, location.suffix, named, ReadCache(), store, run=location.run)


def batches(location: Location) -> Iterator[Tuple[BatchContext, PlanItems]]:
    """Yield every batch of a run, with its files."""
    folder = folder_of(location)
    for part, name in PARTS.items() if folder else ():
        written = entries(os.path.join(folder or "", name))
        for number, items in enumerate(plans(written)):
            yield context(location, part, number), items


# What the journal of a run does not say, and the tree does: failed versions under its own names.


def recorded(location: Location) -> Sequence[FileEntry]:
    """Return the recorded files; none where there is no record that can be used."""
    try:
        return backup_set.read(location.state).files
    except HostError:
        return ()


def found_again(location: Location, part: str, known: int, saved: Iterable[FileEntry]) -> PlanItems:
    """Return what was restored after the plans that are known, so many, of a part of a run.

    Each has its failed version beside it, under a name of the next plan, and is as recorded.
    """
    where, found = context(location, part, known), PlanItems()
    with Tree(location.root) as tree:
        for entry in _near(tree, saved, f"{OWN}{where.mark}-"):
            above, old = os.path.dirname(entry.path), where.names(entry.path)[1]
            kept = state.live(tree, os.path.join(above, old))
            live = state.live(tree, entry.path)
            restored = _as_restored(entry, live)
            if kept.is_known and restored and not comparison.is_version(restored, kept):
                sign = SIGN if kept.is_directory else ""
                found.add(restored, comparison.version(kept) + sign)
    return found


def unsure_of(location: Location, known: Container[str]) -> List[str]:
    """Return the recorded files, beside those that are known, that a call may have put there."""
    with Tree(location.root) as tree:
        return [
            entry.path
            for entry in recorded(location)
            if entry.path not in known and _as_restored(entry, state.live(tree, entry.path))
        ]


def _near(tree: Tree, saved: Iterable[FileEntry], mark: str) -> Iterator[FileEntry]:
    """Yield the files in whose directory a name begins like those of a batch."""
    last, near = "/", False
    for entry in saved:
        above = entry.path.rpartition("/")[0]
        if above != last:
            last, near = above, any(name.startswith(mark) for name in _names(tree, above))
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
