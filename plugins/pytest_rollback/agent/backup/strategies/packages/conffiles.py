"""Configuration files of packages: what they were, kept with owner and mode, and put back.

dpkg is asked to leave them alone, and they come back as recorded afterwards: what is live may have
been edited, and of the recorded version dpkg knows the digest that was shipped, not what ran.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
from typing import Iterable, List, NamedTuple, Tuple

from ....errors import HostError, failed
from ....files import comparison, state
from ....files.metadata import FileEntry
from ....files.tree import Tree
from ....state import directory as places
from ....state import evidence

FOLDER = "conffiles"
"""The directory of kept files, below the state directory; each under the digest of all of it."""

UNASKED = ".dpkg-dist"
"""What dpkg lays beside a file that it leaves alone: the version of the package."""


class ConffileSet(NamedTuple):
    """Configuration files as they are, by paths below `/`, and those that are not there."""

    there: Tuple[FileEntry, ...]
    absent: Tuple[str, ...]


def seen(paths: Iterable[str]) -> ConffileSet:
    """Return how configuration files, named by absolute paths, are now.

    Raises:
        HostError: one is neither a file nor missing, or cannot be read.
    """
    there: List[FileEntry] = []
    absent: List[str] = []
    with Tree("/") as tree:
        for path in sorted(paths):
            where = real(path)
            found = state.live(tree, where)
            if found.kind == state.ABSENT:
                absent.append(where)
            elif found.is_file:
                there.append(entry(where, found))
            else:
                raise HostError(
                    f"the configuration file {path} cannot be kept: "
                    f"{found.detail or f'it is a {found.kind}'}",
                    f"ls -l {path} on the host; make it a file, then run the same command again",
                )
    return ConffileSet(tuple(there), tuple(absent))


def real(path: str) -> str:
    """Return a path below `/`, with no link on the way to its last name."""
    above, name = os.path.split(path)
    return os.path.join(os.path.realpath(above), name)[1:]


def with_asides(paths: Iterable[str]) -> List[str]:
    """Return some paths, and of each where dpkg lays the version of the package beside it.

    What lies there goes and comes with a version, and decides nothing.
    """
    return [name for path in paths for name in (path, f"{path}{UNASKED}")]


def is_aside(path: str) -> bool:
    """Return whether a path is that of what dpkg laid beside a file."""
    return path.endswith(UNASKED)


def entry(path: str, found: state.FileState) -> FileEntry:
    """Return what a record has of a file."""
    xattrs = {name: base64.b64encode(value).decode() for name, value in found.xattrs.items()}
    numbers = (found.size, found.mode, found.uid, found.gid, found.mtime_ns)
    return FileEntry(path, found.sha256, *numbers, xattrs)


def key(saved: FileEntry) -> str:
    """Return the name under which a file is kept."""
    parts = (saved.sha256, saved.mode, saved.uid, saved.gid, sorted(saved.xattrs.items()))
    return hashlib.sha256(ascii(parts).encode("ascii")).hexdigest()


def keep(place: str, entries: Iterable[FileEntry]) -> None:
    """Keep copies of live files in the state directory, with owner and mode, durably.

    Raises:
        HostError: one changed since it was looked at, or there is no room.
    """
    with Tree("/") as tree, _store(place) as store:
        for each in entries:
            if not is_kept(store, each):
                try:
                    evidence.copy(tree.parent(each.path), (store.directory(""), key(each)))
                except OSError as error:
                    raise failed(error, f"/{each.path}") from error
            if not is_kept(store, each):
                raise HostError(f"/{each.path} changed meanwhile", "run the same command again")


def is_kept(store: Tree, saved: FileEntry) -> bool:
    """Return whether the copy of a file is there, as recorded."""
    return comparison.same(saved, state.live(store, key(saved), saved.size))


def lost(place: str, entries: Iterable[FileEntry]) -> List[str]:
    """Return the files whose copies are gone or altered."""
    wanted = list(entries)
    with contextlib.suppress(HostError), Tree(os.path.join(place, FOLDER)) as store:
        return [f"/{each.path}" for each in wanted if not is_kept(store, each)]
    return [f"/{each.path}" for each in wanted]


def _store(place: str) -> Tree:
    directory = places.made(place)
    try:
        with contextlib.suppress(FileExistsError):
            os.mkdir(FOLDER, places.PRIVATE, dir_fd=directory)
    finally:
        os.close(directory)
    return Tree(os.path.join(place, FOLDER))


def differing(wanted: ConffileSet, root: str = "/") -> List[Tuple[str, str]]:
    """Return the files below a directory that are not as wanted, each with a reason."""
    found = []
    with Tree(root) as tree:
        for each in wanted.there:
            why = comparison.difference(each, state.live(tree, each.path))
            found += [(each.path, why)] if why else []
        for path in wanted.absent:
            if state.live(tree, path, -1).kind != state.ABSENT:
                found.append((path, "was not there"))
    return found


def put_back(place: str, wanted: ConffileSet, root: str = "/") -> None:
    """Make configuration files those that were kept, below `/` or where they are unpacked.

    One that was not there goes.

    Raises:
        HostError: a copy is gone; or the system refuses.
    """
    differ = {path for path, _ in differing(wanted, root)}
    gone = lost(place, (each for each in wanted.there if each.path in differ))
    if gone:
        raise HostError(
            f"the kept copy is gone or altered: {', '.join(gone)}",
            f"ls -l {os.path.join(place, FOLDER)} on the host; put the files there in place by "
            "hand, then run the same command again",
        )
    with Tree(root) as tree, _store(place) as store:
        for each in (one for one in wanted.there if one.path in differ):
            with tree.naming(each.path):
                evidence.make(tree, os.path.dirname(each.path), 0o755)
                evidence.copy((store.directory(""), key(each)), tree.parent(each.path))
        for path in (each for each in wanted.absent if each in differ):
            with tree.naming(path):
                directory, name = tree.parent(path)
                os.unlink(name, dir_fd=directory)
                os.fsync(directory)
