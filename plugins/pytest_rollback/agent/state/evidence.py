"""What a rollback takes away: moved into the evidence of its run, never deleted, and back by undo.

What is moved is written into the run's journal first. A file is at its place or in the evidence at
every instant; across file systems it may be whole in both, which the next call puts right.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from typing import Any, Iterable, Iterator, Optional, Sequence

from ..errors import HostError, failed
from ..files import links, metadata, state
from ..files.handles import FRESH, Irregular, kind_of
from ..files.read import blocks, has_holes, poured
from ..files.tree import Tree
from ..messages.location import Location
from . import lease as leases
from .lock import ExclusiveRun

FETCHED = "fallback"
"""Where a run keeps contents of the recorded commit, each under its digest, in its folder."""

FOLDER = "evidence"
MOVING = "moving"
FAILED = "failed"
"""The kind of failed versions, which their files' undo looks at."""


def home(work: ExclusiveRun) -> str:
    """Return the run's evidence folder, made when it is missing."""
    path = os.path.join(work.folder, FOLDER)
    if not os.path.isdir(path):
        os.mkdir(path, 0o700)
        leases.settle(work.folder)
    return path


def put_away(
    work: ExclusiveRun, kind: str, base: str, paths: Sequence[str], ends: Sequence[str] = ()
) -> int:
    """Move files below `base` into the evidence as `kind`/path; return how many were there.

    `ends` are their paths in the evidence, where these differ. What is not there stays away.

    Raises:
        HostError: one of them is a directory or worse; nothing was moved.
    """
    with Tree(base) as tree, Tree(home(work)) as store:
        moves: list[Any] = [
            [path, free(tree, store, kind, (path, end)), facts]
            for path, end in zip(paths, ends or paths)
            for facts in _movable(tree, base, path)
        ]
        if not moves:
            return 0
        work.journal.add(MOVING, kind=kind, base=base, moves=moves)
        for path, kept, _ in moves:
            with store.naming(kept):
                make(store, kept.rpartition("/")[0])
            with tree.naming(path):
                move((tree, path), (store, kept))
        settle(store, [kept for _, kept, _ in moves])
        settle(tree, [path for path, *_ in moves])
    work.journal.add("moved", kind=kind, number=len(moves))
    return len(moves)


def _movable(tree: Tree, base: str, path: str) -> Iterator[list[int]]:
    """Yield the facts of what there is to move: a file, or a link, which is moved itself."""
    with tree.naming(path), contextlib.suppress(FileNotFoundError):
        directory, name = tree.parent(path)
        found = os.stat(name, dir_fd=directory, follow_symlinks=False)
        _refuse_other(path, base, found.st_mode)
        numbers = (found.st_size, found.st_mtime_ns, stat.S_IMODE(found.st_mode))
        yield [*numbers, found.st_uid, found.st_gid]


def _refuse_other(path: str, base: str, mode: int) -> None:
    """Refuse to move what is neither a file nor a link."""
    if not (stat.S_ISREG(mode) or stat.S_ISLNK(mode)):
        raise HostError(
            f"{path} is a {kind_of(mode)}, not the file that was recorded",
            f"inspect it, and move it away: ls -ld {base}/{path}",
        )


def free(tree: Tree, store: Tree, kind: str, ends: tuple[str, str]) -> str:
    """Return where a file is kept: under its path, unless another one is kept there already."""
    path, end = ends
    number = 1
    while True:
        kept = f"{kind}/{end}" if number == 1 else f"{kind}.{number}/{end}"
        there = state.live(store, kept)
        if there.kind == state.ABSENT or is_same(there, state.live(tree, path)):
            return kept
        number += 1


def is_same(one: state.FileState, other: state.FileState) -> bool:
    """Return whether two sides are the same file, left in both places by a crash."""
    return (one.is_file or one.is_link) and _plain(one) == _plain(other)


def _plain(side: state.FileState) -> state.FileState:
    return side._replace(links=0, stamp=0)


def make(tree: Tree, path: str, mode: int = 0o700) -> None:
    """Make a directory, with all above it; one that is there stays as it is."""
    above = ""
    for name in path.split("/") if path else ():
        here = tree.directory(above)
        with contextlib.suppress(FileExistsError):
            os.mkdir(name, mode, dir_fd=here)
            os.fsync(here)
        above = f"{above}/{name}" if above else name


def move(source: tuple[Tree, str], target: tuple[Tree, str]) -> None:
    """Give a file another place: by its name on one file system, else by a durable copy."""
    here, name = source[0].parent(source[1])
    there, new = target[0].parent(target[1])
    try:
        os.rename(name, new, src_dir_fd=here, dst_dir_fd=there)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        with target[0].naming(target[1]):
            copy((here, name), (there, new))
        os.unlink(name, dir_fd=here)
    else:
        _forget((here, name), (there, new))


def _forget(source: tuple[int, str], target: tuple[int, str]) -> None:
    """Take a file's first name when it has both: renaming one of them to the other does nothing.

    btrfs may have both after a power cut.
    """
    with contextlib.suppress(FileNotFoundError):
        one = os.stat(source[1], dir_fd=source[0], follow_symlinks=False)
        other = os.stat(target[1], dir_fd=target[0], follow_symlinks=False)
        if (one.st_dev, one.st_ino) == (other.st_dev, other.st_ino):
            os.unlink(source[1], dir_fd=source[0])


def unfinished(name: str) -> str:
    """Return the name that a copy has until it is whole."""
    return f".{name}.rollback"[-200:]


def copy(source: tuple[int, str], target: tuple[int, str]) -> None:
    """Write a whole, durable copy of a file or link, its metadata included, then name it."""
    (here, name), (there, new) = source, target
    fresh = unfinished(new)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(fresh, dir_fd=there)
    if stat.S_ISLNK(os.stat(name, dir_fd=here, follow_symlinks=False).st_mode):
        links.copy((here, name), (there, fresh))
    else:
        _copy_file((here, name), (there, fresh))
    os.rename(fresh, new, src_dir_fd=there, dst_dir_fd=there)
    os.fsync(there)


def _copy_file(source: tuple[int, str], target: tuple[int, str]) -> None:
    opened = os.open(source[1], os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=source[0])
    try:
        fresh = os.open(target[1], FRESH, 0o600, dir_fd=target[0])
        try:
            carried, found = metadata.read(opened), os.fstat(opened)
            poured(_read(opened, found.st_size), fresh, holes=has_holes(found))
            metadata.apply(fresh, carried)
            os.fsync(fresh)
        finally:
            os.close(fresh)
    finally:
        os.close(opened)


def _read(opened: int, size: int) -> Iterator[bytes]:
    """Yield the blocks of a source: what goes wrong with them is not the target's fault."""
    try:
        yield from blocks(opened, size)
    except OSError as error:
        raise failed(error, os.readlink(f"/proc/self/fd/{opened}")) from error


def settle(tree: Tree, paths: Iterable[str]) -> None:
    """Make the entries of every directory that holds one of the paths durable, once each."""
    for name in sorted({path.rpartition("/")[0] for path in paths}):
        with tree.naming(name), contextlib.suppress(FileNotFoundError, Irregular):
            os.fsync(tree.directory(name))


def changed(kept: Iterable[tuple[str, str]]) -> list[str]:
    """Return the conflicts of versions that are kept: a path each, and its digest, "" for none."""
    with Tree("/") as tree:
        return [
            f"{path} is gone, or changed"
            for path, digest in kept
            if digest and state.live(tree, os.path.realpath(path)[1:]).sha256 != digest
        ]


def fetched_folder(location: Location) -> str:
    """Return where the run keeps what it fetched from the recorded commit."""
    return os.path.join(leases.folder(location.state, location.run), FETCHED)


def fetched(folder: str, sha256: str) -> Optional[int]:
    """Return a descriptor of what was fetched under a digest, None where nothing was."""
    with contextlib.suppress(FileNotFoundError):
        return os.open(os.path.join(folder, sha256), os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    return None
