"""Names of ours beside live files: given, kept and taken away, those of whole directories too.

A journal may be older than the tree: its disk lost the end of it, or the state directory was set
back. So what has such a name goes only if its inode or content is known. A directory that gives way
to a file is the failed version, with all that it holds. What undo needs is here, and no more: it is
the largest request.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from itertools import count
from typing import Iterable, Iterator, Optional, Sequence, Tuple

from ..files import metadata, state
from ..files.handles import DIRECTORY, kind_of
from ..files.tree import NOT_EMPTY, Tree
from ..state import evidence, removed_directories
from ..state.lock import ExclusiveRun
from .plan import PlanItem


def link(directory: int, item: PlanItem, names: Tuple[str, str], other: str) -> bool:
    """Give a file a second name: the first of the `names` exists, the second is wanted.

    Returns False where the failed version has that name as another file, which then keeps it. What
    is no version of the file, and not its `other` name either, is set aside.

    Raises:
        OSError: this file system gives no second names.
    """
    source, name = names
    try:
        _linked(directory, source, name)
    except FileExistsError:
        if is_one(directory, name, (source,)):
            return True
        if not is_one(directory, name, (other,)):
            kept = state.look(directory, name)
            if item.is_failed(kept):
                return False
            if not item.is_new(kept):
                set_aside(directory, name)
        remove(directory, name)
        _linked(directory, source, name)
    return True


def _linked(directory: int, source: str, name: str) -> None:
    ends = {"src_dir_fd": directory, "dst_dir_fd": directory}
    os.link(source, name, **ends, follow_symlinks=False)


def set_aside(directory: int, name: str) -> None:
    """Give what nobody knows a name that is free; readiness names all that begin like ours."""
    names = (f"{name}.{number}" for number in count(1))
    free = next(each for each in names if not is_there(directory, each))
    os.rename(name, free, src_dir_fd=directory, dst_dir_fd=directory)


def is_one(directory: int, name: str, others: Iterable[str]) -> bool:
    """Return whether a name is one more of a file that has one of the other names."""
    found = _inode(directory, name)
    return found is not None and found in [_inode(directory, other) for other in others]


def is_there(directory: int, name: str) -> bool:
    """Return whether there is anything of a name."""
    return _inode(directory, name) is not None


def _inode(directory: int, name: str) -> Optional[Tuple[int, int]]:
    try:
        found = os.stat(name, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        return None
    return (found.st_dev, found.st_ino)


def spare(directory: int, item: PlanItem, old: str, others: Tuple[str, str]) -> None:
    """Take away what lies under the old name if nothing is lost with it; else it stays.

    `others` are the names of the live file and of its backup.
    """
    if not is_one(directory, old, others):
        kept = seen(directory, old)
        twice = item.is_failed(kept) and item.is_failed(state.look(directory, others[0]))
        if not (twice or item.is_new(kept)):
            return
    with contextlib.suppress(FileNotFoundError):
        remove(directory, old)


def seen(directory: int, name: str) -> state.FileState:
    """Return what has a name of ours.

    Raises:
        OSError: it cannot be looked at: it is neither left for good nor taken away then.
    """
    found = state.look(directory, name)
    if found.kind == "error":
        raise OSError(errno.EIO, f"a version beside it {found.detail}")
    return found


def dress_alike(directory: int, source: str, target: str) -> None:
    """Give a directory the owner, mode and attributes of another one, durably."""
    one = os.open(source, DIRECTORY, dir_fd=directory)
    try:
        other = os.open(target, DIRECTORY, dir_fd=directory)
        try:
            now, wanted = metadata.read(other), metadata.read(one)
            wanted = wanted._replace(atime_ns=now.atime_ns, mtime_ns=now.mtime_ns)
            metadata.apply(other, wanted)
            os.fsync(other)
        finally:
            os.close(other)
    finally:
        os.close(one)


def forget(directory: int, item: PlanItem, names: Tuple[str, str]) -> None:
    """Take away what is still staged; a failed version that was exchanged has its name, the second.

    It is given that name; a new file of that name goes, and what nobody knows is set aside.
    """
    new, old = names
    if not _is_exchanged(directory, item, new):
        remove(directory, new)
        return
    kept = seen(directory, old)
    if item.is_failed(kept):
        remove(directory, new)
        return
    if item.is_new(kept):
        remove(directory, old)
    elif kept.kind != state.ABSENT:
        set_aside(directory, old)
    os.rename(new, old, src_dir_fd=directory, dst_dir_fd=directory)


def _is_exchanged(directory: int, item: PlanItem, new: str) -> bool:
    """Return whether the failed version has the name of a staged one."""
    if item.was_directory:
        return not item.is_dressed and is_folder(directory, new)
    return item.is_turned and item.is_failed(seen(directory, new))


def remove(directory: int, name: str) -> None:
    """Remove a file, or a directory if it is empty; what is not there, or not empty, stays so."""
    with contextlib.suppress(FileNotFoundError):
        if not is_folder(directory, name):
            os.unlink(name, dir_fd=directory)
            return
        try:
            os.rmdir(name, dir_fd=directory)
        except OSError as error:
            if error.errno not in NOT_EMPTY:
                raise


def clear(tree: Tree, path: str) -> None:
    """Remove a directory that holds nothing but directories; what holds files stays.

    They are those of a directory that is live again: an undo that was killed made them once more.
    """
    folders = [below for below, kind in inside(tree, path) if kind == "directory"]
    for each in (*folders, path):
        remove(*tree.parent(each))


def is_folder(directory: int, name: str) -> bool:
    """Return whether a name is that of a directory itself."""
    try:
        found = os.stat(name, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return stat.S_ISDIR(found.st_mode)


def is_filled(directory: int, name: str) -> bool:
    """Return whether a name is that of a directory that holds something."""
    try:
        opened = os.open(name, DIRECTORY, dir_fd=directory)
    except OSError as error:
        if error.errno in {errno.ENOENT, errno.ENOTDIR, errno.ELOOP}:
            return False
        raise
    try:
        return bool(os.listdir(opened))
    finally:
        os.close(opened)


def is_full(tree: Tree, path: str) -> bool:
    """Return whether there is a directory at a path that holds something."""
    return is_filled(*tree.parent(path))


def inside(tree: Tree, path: str) -> Iterator[Tuple[str, str]]:
    """Yield all that a directory holds, each with its kind; what is in a directory before it."""
    for name in sorted(os.listdir(tree.directory(path))):
        below = f"{path}/{name}"
        mode = os.stat(name, dir_fd=tree.directory(path), follow_symlinks=False).st_mode
        if stat.S_ISDIR(mode):
            yield from inside(tree, below)
        yield below, kind_of(mode)


def put_away(work: ExclusiveRun, root: str, failed: Sequence[Tuple[str, str]]) -> int:
    """Move failed versions into the evidence, each with the path that it failed under.

    Of a directory its files are moved, and the directories are journaled and taken away.
    """
    files, folders = [], []
    with Tree(root) as tree:
        for beside, path in failed:
            if not state.live(tree, beside, -1).is_directory:
                files.append((beside, path))
                continue
            for below, kind in inside(tree, beside):
                if kind == "directory":
                    folders.append(below)
                else:
                    files.append((below, path + below[len(beside) :]))
            folders.append(beside)
    moved = evidence.put_away(
        work, evidence.FAILED, root, [each for each, _ in files], [end for _, end in files]
    )
    removed_directories.take_away(work, root, folders)
    return moved
