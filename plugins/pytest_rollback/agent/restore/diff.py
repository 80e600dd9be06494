"""The difference between live and recorded files: files to restore, and problems that prevent it.

Both sides are read; a live file that was read here is known by its stamp later on.
"""

from __future__ import annotations

from typing import FrozenSet, List, NamedTuple, Optional, Sequence, Tuple

from ..files import comparison, metadata, parallel, state
from ..files.parallel import read_ahead
from ..files.state import FileState
from ..files.tree import Tree
from ..state.backup_set import FileEntry
from ..state.releases.copies import Copies, OpenCopies
from ..system import tools
from . import folders
from .plan import COPY, SIGN, PlanItems, ReadCache

PIECE = 10_000
"""Files that are compared before what came of them takes its final form: memory stays small."""


Row = Tuple[int, str, str, int]
"""A file to restore: its number, the version of its live side, what is wrong with its backup, and
the stamp of its live side."""


class DiffOptions(NamedTuple):
    """Where both sides of recorded files are; `ways` are directories that are made if missing."""

    root: str
    copies: Copies
    files: Sequence[FileEntry]
    ways: FrozenSet[str] = frozenset()

    def compared(self, seen: Optional[ReadCache]) -> tuple[PlanItems, list[str]]:
        """Return what is to be restored, and in words what must not be; note what was read."""
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
        for number, live, wrong, stamp in rows:
            item = found.add(self.files[number], live, wrong or COPY)
            if seen is not None:
                seen.note("live", item, stamp)

    def part(self, start: int, end: int) -> tuple[list[Row], list[str]]:
        """Return the rows of some of the files, and in words what must not be restored."""
        names = [saved.path for saved in self.files[start:end]]
        with Tree(self.root) as tree, OpenCopies(self.copies, tree) as backups:
            part = _DiffPart(self, backups, [], [])
            with read_ahead(self.root, names):
                for number in range(start, end):
                    part.compare(tree, number)
        return part.rows, part.refused


def _unknown(live: FileState) -> str:
    """Return what is live in the place of a file, where nothing is restored over it."""
    if live.kind == "error":
        return f"the live file {live.detail}"
    return live.detail or f"the live file is a {live.kind}"


class _DiffPart(NamedTuple):
    """Some of the files, and what came of them."""

    sides: DiffOptions
    backups: OpenCopies
    rows: List[Row]
    refused: List[str]

    def compare(self, tree: Tree, number: int) -> None:
        """Note whether a file is to be restored, or why it must not be."""
        saved = self.sides.files[number]
        live = state.live(tree, saved.path)
        if comparison.same(saved, live):
            return
        if not (live.is_known or live.kind == state.ABSENT):
            self.refused.append(f"{saved.path}: {_unknown(live)}")
            return
        if live.flags:
            taken = tools.TAKEN[live.flags]
            self.refused.append(
                f"{saved.path}: the live file is {metadata.flag_words(live.flags)}: {taken}"
            )
            return
        if live.is_directory and not saved.is_directory:
            self.refused.extend(folders.unmovable(tree, saved.path))
        sign = SIGN if live.is_directory else ""
        row = (number, comparison.version(live) + sign, self._wrong(tree, saved), live.stamp)
        self.rows.append(row)

    def _wrong(self, tree: Tree, saved: FileEntry) -> str:
        """Return why a file cannot be restored from its backup; of a directory there is none."""
        if saved.is_directory:
            if saved.path.rpartition("/")[0] not in self.sides.ways:
                self.refused.extend(folders.homeless(tree, saved.path))
            return ""
        copy = self.backups.look(saved.path)
        if copy.has_content(saved):
            return ""
        if copy.kind == "error":
            return f"its backup {copy.detail}"
        how = "has other content than" if copy.is_kind(saved) else f"is {copy.kind}, not as"
        return f"its backup {how} recorded"
