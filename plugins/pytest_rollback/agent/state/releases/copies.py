"""Where the backups of a set are: beside the files, or in a folder of the state directory."""

from __future__ import annotations

import os
from types import TracebackType
from typing import ContextManager, Iterable, List, NamedTuple, Optional, Tuple, Type

from ...errors import HostError
from ...files import lookup, state
from ...files.state import ABSENT, FilePair, FileState
from ...files.tree import Tree
from ...messages.location import Location
from ..backup_set import BackupSet, read

FOLDER, FILES = "sets", "files"
"""The directory of sets below the state directory, and that of backups in the folder of one."""


class Copies(NamedTuple):
    """The backup of a file has its path below `base`, with `end`, which is "" of those apart."""

    base: str
    end: str

    @property
    def are_apart(self) -> bool:
        """Whether no backup lies below the root."""
        return not self.end

    def place(self, path: str) -> str:
        """Return where the backup of a file is."""
        return f"{self.base}/{path}{self.end}"

    def beside(self, paths: Iterable[str]) -> List[str]:
        """Return the paths, below the root, of the backups that lie there."""
        return [] if self.are_apart else [path + self.end for path in paths]


def of(location: Location, known: BackupSet) -> Copies:
    """Return where the backups of a set are."""
    if known.kept:
        return Copies(os.path.join(location.state, FOLDER, known.kept, FILES), "")
    return Copies(location.root, location.suffix)


def recorded(location: Location) -> Copies:
    """Return where those of the recorded set are; beside the files where none is recorded."""
    try:
        return of(location, read(location.state))
    except HostError:
        return Copies(location.root, location.suffix)


class OpenCopies(ContextManager["OpenCopies"]):
    """Backups that are open, for many files in order, beside a live tree that is open as well.

    Not for several threads at once.
    """

    def __init__(self, where: Copies, tree: Tree) -> None:
        self.where = where
        self._own: Optional[Tree] = None
        self._tree: Optional[Tree] = tree
        if where.are_apart:
            there = lookup.kind(where.base, follow=False) == "directory"
            self._own = self._tree = Tree(where.base) if there else None
        self._live = tree

    def look(self, path: str, size: Optional[int] = None) -> FileState:
        """Return the backup of a file, also when the way to it is missing or irregular."""
        if self._tree is None:
            return FileState(ABSENT)
        return state.copy(self._tree, path, self.where.end, size)

    def pair(self, path: str, size: Optional[int] = None) -> FilePair:
        """Return a live file and its backup, under the same terms."""
        return FilePair(state.live(self._live, path, size), self.look(path, size))

    def parent(self, path: str) -> Tuple[int, str]:
        """Return the directory that a file's backup is in, and its name there.

        Raises:
            Irregular, OSError: what the way to it is.
        """
        if self._tree is None:
            raise FileNotFoundError(2, "the folder of the backup set is gone", self.where.base)
        return self._tree.parent(path + self.where.end)

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        if self._own is not None:
            self._own.__exit__(kind, error, trace)
