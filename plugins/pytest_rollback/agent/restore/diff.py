"""What a restore finds of the recorded files: which are to be restored, and what is in the way.

Both sides are read, and no more than once: what was seen here is told by its stamp later on.
"""

from __future__ import annotations

import os
from typing import List, NamedTuple, Optional, Sequence, Tuple

from ..files import parallel, state
from ..files.fsync import flushed, spread
from ..files.parallel import read_ahead
from ..files.tree import Tree, open_regular
from ..state.backup_set import FileEntry
from . import stage
from .plan import COPY, PlanItems, ReadCache

PIECE = 10_000
"""Files that are compared before what came of them takes its final form: memory stays small."""

Row = Tuple[int, str, str, int, int]
"""A file to restore: its number, the digest of its live side, what is wrong with its saved copy,
and the stamps of its live side and of a saved copy that is as recorded in all, 0 of any other."""


class DiffOptions(NamedTuple):
    """Where both sides of recorded files are, and whether good saved copies are made durable."""

    root: str
    suffix: str
    files: Sequence[FileEntry]
    durable: bool = False

    def compared(self, seen: Optional[ReadCache]) -> tuple[PlanItems, list[str]]:
        """Return what is to be restored, and in words what must not be; note what was read.

        Raises:
            HostError: a saved copy cannot be made durable.
        """
        found = PlanItems()
        refused: list[str] = []
        for start in range(0, len(self.files), PIECE):
            sides = self._replace(files=self.files[start : start + PIECE])
            for rows, words in parallel.both(sides.part, len(sides.files)):
                refused += words
                sides.add(rows, seen, found)
        return found, refused

    def add(self, rows: Sequence[Row], seen: Optional[ReadCache], found: PlanItems) -> None:
        """Add the files to restore of some rows to those that were found; note what was read."""
        for number, live, wrong, *stamps in rows:
            item = found.add(self.files[number], live, wrong or COPY)
            if seen is not None:
                seen.note("live", item, stamps[0])
                seen.note("staged", item, stamps[1])

    def part(self, start: int, end: int) -> tuple[list[Row], list[str]]:
        """Return the rows of some of the files, and in words what must not be restored."""
        names = [saved.path for saved in self.files[start:end]]
        part = _DiffPart(self, [], [])
        with Tree(self.root) as tree, read_ahead(self.root, names):
            for number in range(start, end):
                part.compare(tree, number)
        if self.durable:
            relied = [self.files[number].path for number, *_, stamp in part.rows if stamp]
            spread(self._flush, self.root, relied)
        return part.rows, part.refused

    def _flush(self, tree: Tree, path: str) -> None:
        copy = path + self.suffix
        with tree.naming(copy):
            flushed(open_regular(*tree.parent(copy)))


class _DiffPart(NamedTuple):
    """Some of the files, and what came of them."""

    sides: DiffOptions
    rows: List[Row]
    refused: List[str]

    def compare(self, tree: Tree, number: int) -> None:
        """Say whether a file is to be restored, or why it must not be. A copy is read if needed."""
        saved = self.sides.files[number]
        live = state.live(tree, saved.path)
        if live.has_content(saved) and live.has_owner(saved):
            return
        if live.kind not in {"file", state.ABSENT}:
            self.refused.append(f"{saved.path}: the live side is {live.detail or f'a {live.kind}'}")
            return
        if live.immutable:
            self.refused.append(f"{saved.path}: the live side is immutable: chattr -i it")
            return
        dressed = [False]

        def held(opened: int, found: os.stat_result) -> None:
            dressed[0] = stage.is_dressed(opened, found, saved)

        copy = state.copy(tree, saved.path, self.sides.suffix, None, held)
        good = copy.is_backup(saved)
        wrong = "" if good else f"its saved copy is {copy.kind}, not as recorded"
        stamp = copy.stamp if good and dressed[0] else 0
        self.rows.append((number, live.sha256, wrong, live.stamp, stamp))
