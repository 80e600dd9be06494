"""All files of a release's directory: listed, and compared with a listing that was recorded."""

from __future__ import annotations

import base64
import os
import stat
from typing import Iterable, Iterator, List, NamedTuple, Sequence, Tuple

from ...files import comparison, lookup, parallel, state
from ...files.metadata import FOLDER, LINK, FileEntry
from ...files.tree import Tree
from ...messages.backup.strategies import PartFault
from ..owners import compiled

SKIPPED = ("__pycache__", ".git")
"""Directories of which no release consists: bytecode, and the history of a checkout."""

KINDS = {stat.S_IFREG: "file", stat.S_IFLNK: LINK, stat.S_IFDIR: FOLDER}


class Listing(NamedTuple):
    """The files of a directory, what could not be read, and the links that lead to nothing."""

    entries: List[FileEntry]
    faults: List[PartFault]
    dangling: List[str]

    @property
    def bytes(self) -> int:
        """How many bytes the files have in all."""
        return sum(each.size for each in self.entries)


def made(place: str, besides: Sequence[str]) -> Listing:
    """Return the listing of a directory as it is now; sockets and the like are in none.

    Raises:
        HostError: the directory cannot be opened.
    """
    with Tree(place) as tree:
        found = names(tree, besides)
    rows = [each for part in parallel.both(_Survey(place, found).part, len(found)) for each in part]
    faults = [PartFault(path, "unread", why) for path, why, _ in rows if why]
    entries = [FileEntry(path, *facts) for path, why, facts in rows if not why]
    return Listing(entries, faults, [path for path in _links(entries) if not leads(place, path)])


def names(tree: Tree, besides: Sequence[str]) -> List[str]:
    """Return the paths below a directory, in order, without those that match a pattern."""
    patterns = [compiled(each) for each in besides]
    found = []
    for here, folders, files, inside in os.fwalk(".", dir_fd=tree.root):
        folders[:] = sorted(each for each in folders if each not in SKIPPED)
        above = "" if here == "." else f"{os.path.normpath(here)}/"
        for name in sorted([*folders, *files]):
            path = above + name
            mode = os.stat(name, dir_fd=inside, follow_symlinks=False).st_mode
            if stat.S_IFMT(mode) in KINDS and not any(each.fullmatch(path) for each in patterns):
                found.append(path)
        folders[:] = [
            each
            for each in folders
            if not any(one.fullmatch(f"{above}{each}/x") for one in patterns)
        ]
    return found


Row = Tuple[str, str, Sequence[object]]
"""A path, why it could not be read, and the facts of its entry."""


class _Survey(NamedTuple):
    """Some paths below a directory that are read."""

    place: str
    paths: Sequence[str]

    def part(self, start: int, end: int) -> List[Row]:
        """Return what is at some of the paths."""
        with Tree(self.place) as tree:
            return [self.row(tree, path) for path in self.paths[start:end]]

    def row(self, tree: Tree, path: str) -> Row:
        """Return what is at a path."""
        side = state.live(tree, path)
        if not side.is_known:
            return path, side.detail or f"is a {side.kind}", ()
        kind = LINK if side.is_link else FOLDER if side.is_directory else "file"
        xattrs = {name: base64.b64encode(value).decode() for name, value in side.xattrs.items()}
        numbers = (side.size, side.mode, side.uid, side.gid, side.mtime_ns)
        return path, "", (side.sha256, *numbers, xattrs, side.flags, kind)


def compared(place: str, recorded: Sequence[FileEntry]) -> List[PartFault]:
    """Return which files of a directory are not as recorded.

    Raises:
        HostError: the directory cannot be opened.
    """
    task = _Comparison(place, recorded).part
    return [PartFault(*row) for part in parallel.both(task, len(recorded)) for row in part]


class _Comparison(NamedTuple):
    """Recorded files that are compared with those in a directory."""

    place: str
    recorded: Sequence[FileEntry]

    def part(self, start: int, end: int) -> List[Tuple[str, str, str]]:
        """Return the faults of some of the files."""
        found = []
        paths = [each.path for each in self.recorded[start:end]]
        with Tree(self.place) as tree, parallel.read_ahead(self.place, paths):
            for saved in self.recorded[start:end]:
                size = None if saved.is_directory else saved.size
                side = state.live(tree, saved.path, size)
                if saved.is_directory and side.is_directory:
                    side = side._replace(size=0)
                if not comparison.same(saved, side):
                    found.append((saved.path, *_words(saved, side)))
        return found


def _words(saved: FileEntry, side: state.FileState) -> Tuple[str, str]:
    """Return the kind of a fault, and how a file is not as recorded."""
    if side.kind == state.ABSENT:
        return "missing", "is missing"
    if side.kind == "error":
        return "unread", side.detail
    return "altered", comparison.difference(saved, side)


def more(place: str, recorded: Iterable[FileEntry], besides: Sequence[str]) -> List[str]:
    """Return the paths in a directory that no listing has."""
    known = {each.path for each in recorded}
    with Tree(place) as tree:
        return [path for path in names(tree, besides) if path not in known]


def dangling(place: str, recorded: Iterable[FileEntry]) -> Iterator[str]:
    """Yield the recorded links in a directory that lead to nothing now."""
    yield from (path for path in _links(recorded) if not leads(place, path))


def _links(entries: Iterable[FileEntry]) -> List[str]:
    return [each.path for each in entries if each.is_link]


def leads(place: str, path: str) -> bool:
    """Return whether a link leads to anything."""
    return bool(lookup.kind(os.path.join(place, path)))
