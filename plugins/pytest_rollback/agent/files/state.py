"""A file and its backup beside it: what each of the two is right now."""

from __future__ import annotations

import fcntl
import os
import stat
import sys
from typing import TYPE_CHECKING, NamedTuple, Optional

from .read import sha256
from .tree import Irregular, Tree, kind_of, regular

if TYPE_CHECKING:
    from .metadata import FileEntry

ABSENT = "absent"
FLAGS = 0x80086601 if sys.maxsize > 1 << 32 else 0x80046601
"""The request FS_IOC_GETFLAGS."""

ROOM = bytes(8)
FIXED = 0x10 | 0x20
"""Immutable, or append only."""


class FileState(NamedTuple):
    """One of the two. `kind` is file, absent, symlink, directory, fifo, socket, device or error.

    The numbers are those of a file; `sha256` is "" when the size already told it apart. Two files
    with one `stamp` are one that was not touched in between.
    """

    kind: str
    size: int = 0
    mode: int = 0
    uid: int = 0
    gid: int = 0
    links: int = 0
    sha256: str = ""
    detail: str = ""
    stamp: int = 0
    immutable: bool = False

    @property
    def is_file(self) -> bool:
        """Whether it is a regular file that could be read."""
        return self.kind == "file"

    def has_content(self, saved: FileEntry) -> bool:
        """Return whether its bytes are the recorded ones."""
        return self.is_file and saved.holds(self.size, self.sha256)

    def is_backup(self, saved: FileEntry) -> bool:
        """Return whether a file can be restored from it: the recorded bytes, and no second name."""
        return self.links == 1 and self.has_content(saved)

    def has_owner(self, saved: FileEntry) -> bool:
        """Return whether owner, group and mode are the recorded ones."""
        return (self.uid, self.gid, self.mode) == (saved.uid, saved.gid, saved.mode)


def look(directory: int, name: str, size: Optional[int] = None) -> FileState:
    """Return what is there; with a size given, only a file of that size is opened and read."""
    try:
        if size is not None:
            found = os.stat(name, dir_fd=directory, follow_symlinks=False)
            if not stat.S_ISREG(found.st_mode):
                return FileState(kind_of(found.st_mode))
            if size != found.st_size:
                return _side(found, "")
        opened, found = regular(directory, name)
    except Irregular as other:
        return FileState(other.kind)
    except FileNotFoundError:
        return FileState(ABSENT)
    except OSError as error:
        return FileState("error", detail=f"cannot be opened: {error.strerror}")
    return _read(opened, found)


def _read(opened: int, found: os.stat_result) -> FileState:
    """Return a file as it is now, all of it, and close it."""
    try:
        return _side(found, sha256(opened, found.st_size), immutable=is_immutable(opened))
    except OSError as error:
        return FileState("error", detail=f"cannot be read: {error.strerror}")
    finally:
        os.close(opened)


def _side(found: os.stat_result, digest: str, *, immutable: bool = False) -> FileState:
    return FileState(
        "file",
        found.st_size,
        stat.S_IMODE(found.st_mode),
        found.st_uid,
        found.st_gid,
        found.st_nlink,
        digest,
        "",
        stamp(found),
        immutable,
    )


def stamp(found: os.stat_result) -> int:
    """Return what changes when anybody touches a file, its name aside."""
    return hash((found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns))


def other_name(directory: int, name: str, before: os.stat_result) -> int:
    """Return the stamp of a file's new name; 0 if it is another file, or was written to meanwhile.

    A new name alone changes the time of the last change, and so the stamp.
    """
    found = os.stat(name, dir_fd=directory, follow_symlinks=False)
    was = (before.st_dev, before.st_ino, before.st_size, before.st_mtime_ns)
    now = (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)
    return stamp(found) if now == was else 0


def is_immutable(opened: int) -> bool:
    """Return whether not even root can change, rename or link an open file or directory."""
    try:
        flags = fcntl.ioctl(opened, FLAGS, ROOM)
    except OSError:
        return False
    return bool(int.from_bytes(flags[:4], sys.byteorder) & FIXED)


class FilePair(NamedTuple):
    """A live file and its backup."""

    live: FileState
    copy: FileState


def pair(tree: Tree, path: str, suffix: str, size: Optional[int] = None) -> FilePair:
    """Return both sides of a path; a way to it that is missing or irregular counts for both."""
    return FilePair(live(tree, path, size), copy(tree, path, suffix, size))


def live(tree: Tree, path: str, size: Optional[int] = None) -> FileState:
    """Return the live side of a path, also when the way to it is missing or irregular."""
    return _reached(tree, path, "", size)


def copy(tree: Tree, path: str, suffix: str, size: Optional[int] = None) -> FileState:
    """Return the backup of a path, under the same terms."""
    return _reached(tree, path, suffix, size)


def _reached(tree: Tree, path: str, suffix: str, size: Optional[int]) -> FileState:
    try:
        directory, name = tree.parent(path)
    except Irregular as other:
        return FileState(other.kind, detail=f"a parent of it: {other}")
    except FileNotFoundError:
        return FileState(ABSENT)
    except OSError as error:
        return FileState("error", detail=f"cannot be reached: {error.strerror}")
    return look(directory, name + suffix, size)
