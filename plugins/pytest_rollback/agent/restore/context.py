"""A batch of a restore: its directories, the names beside its files, and steps over all of them."""

from __future__ import annotations

import hashlib
import os
from typing import (
    Callable,
    Iterator,
    NamedTuple,
    Optional,
    Sequence,
    Tuple,
)

from ..files.fsync import flushed, spread
from ..files.handles import Irregular, open_directory
from ..files.tree import Tree
from ..messages.location import Location
from ..state import evidence
from ..state.directory import OWN
from ..state.journal import entries
from ..state.lock import folder_of
from ..state.progress import PARTS
from ..state.releases.copies import Copies, OpenCopies
from .plan import PlanItem, PlanItems, ReadCache, plans


class BatchContext(NamedTuple):
    """Where a batch is restored: the root, the suffix of backups, and the batch's mark.

    `store` is the directory of contents that were fetched because a backup could not be used, ""
    if none were. `seen` are files whose content was read in this very call: the stamps of live and
    of staged files by number; a file with the same stamp is not read again. `copies` is where
    backups are that do not lie beside their files, None where all do; `backups` are those that are
    open while a step is taken.
    """

    root: str
    suffix: str
    mark: str
    seen: ReadCache
    store: str = ""
    run: str = ""
    copies: Optional[Copies] = None
    backups: Optional[OpenCopies] = None

    @property
    def where(self) -> Copies:
        """Where the backups are."""
        return self.copies or Copies(self.root, self.suffix)

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

        def taken(tree: Tree, item: PlanItem, place: BatchContext = self) -> object:
            try:
                return step(place, tree, item)
            except (OSError, Irregular) as error:
                raise tree.named(error, item.saved.path) from error

        if waits:
            said = spread(taken, self.root, items)
        else:
            with Tree(self.root) as tree, OpenCopies(self.where, tree) as backups:
                place = self._replace(backups=backups)
                said = [taken(tree, item, place) for item in items]
        return [word for word in said if isinstance(word, str)]

    def settle(self, items: Sequence[PlanItem]) -> None:
        """Make the entries of every directory that holds one of the files durable, once each."""

        def settled(tree: Tree, name: str) -> None:
            with tree.naming(name):
                flushed(open_directory(tree.root, name))

        above = sorted({item.saved.path.rpartition("/")[0] for item in items})
        spread(settled, self.root, above)


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
