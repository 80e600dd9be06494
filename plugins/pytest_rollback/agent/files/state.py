"""A file and its backup beside it: what each of the two is right now."""

from __future__ import annotations

import hashlib
import os
import stat
from typing import TYPE_CHECKING, Dict, NamedTuple, Optional

from . import links, metadata
from .handles import DIRECTORY, Irregular, kind_of, regular
from .read import sha256
from .tree import Tree

if TYPE_CHECKING:
    from .metadata import FileEntry

ABSENT, SYMLINK, FOLDER = "absent", "symlink", "directory"
EMPTY = hashlib.sha256().hexdigest()
NONE: Dict[str, bytes] = {}
"""The attributes of the many files that have none; nobody writes into it."""


class FileState(NamedTuple):
    """One of the two. `kind` is file, absent, symlink, directory, fifo, socket, device or error.

    The numbers are those of a file, or of a link, whose content is the name that it leads to;
    `sha256` is "" when the size already told it apart, and then attributes and flags were not read
    either; a link's attributes never are. What a directory holds is not read: it has no bytes. Two
    files with one `stamp` are one that was not touched in between. `flags` are those of `chattr`
    that protect it.
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
    mtime_ns: int = 0
    xattrs: Dict[str, bytes] = NONE
    flags: int = 0

    @property
    def is_file(self) -> bool:
        """Whether it is a regular file that could be read."""
        return self.kind == "file" and not self.detail

    @property
    def is_link(self) -> bool:
        """Whether it is a symbolic link itself: nothing on the way to it is one."""
        return self.kind == SYMLINK and not self.detail

    @property
    def is_directory(self) -> bool:
        """Whether it is a directory itself."""
        return self.kind == FOLDER and not self.detail

    @property
    def is_known(self) -> bool:
        """Whether it is something that is restored, or that something is restored over."""
        return self.is_file or self.is_link or self.is_directory

    def is_kind(self, saved: FileEntry) -> bool:
        """Return whether it is what is recorded: a file, a link, or a directory."""
        if saved.is_directory:
            return self.is_directory
        return self.is_link if saved.is_link else self.is_file

    def has_content(self, saved: FileEntry) -> bool:
        """Return whether its bytes are the recorded ones."""
        return self.is_kind(saved) and saved.holds(self.size, self.sha256)

    def is_one_with(self, other: FileState) -> bool:
        """Return whether two names are those of one file: what is written to one is in both."""
        return self.is_file and self.links > 1 and self.stamp == other.stamp


def look(directory: int, name: str, size: Optional[int] = None) -> FileState:
    """Return what is there; with a size given, only a file of that size is opened and read."""
    try:
        if size is not None:
            found = os.stat(name, dir_fd=directory, follow_symlinks=False)
            kind = kind_of(found.st_mode)
            if kind not in {"file", SYMLINK}:
                return FileState(kind) if size or kind != FOLDER else _folder(directory, name)
            if size != found.st_size:
                return _side(found, "")
        opened, found = regular(directory, name)
    except Irregular as other:
        return (
            OTHERS[other.kind](directory, name) if other.kind in OTHERS else FileState(other.kind)
        )
    except FileNotFoundError:
        return FileState(ABSENT)
    except OSError as error:
        return FileState("error", detail=f"cannot be opened: {error.strerror}")
    return _read(opened, found)


def _linked(directory: int, name: str) -> FileState:
    """Return a link as it is now; where it leads is read, and not gone to."""
    try:
        link = links.read(directory, name)
    except Irregular as other:
        return FileState(other.kind)
    except FileNotFoundError:
        return FileState(ABSENT)
    except OSError as error:
        return FileState("error", detail=f"cannot be read: {error.strerror}")
    return _side(link.found, hashlib.sha256(link.target).hexdigest())


def _folder(directory: int, name: str) -> FileState:
    """Return a directory as it is now, without what it holds."""
    try:
        opened = os.open(name, DIRECTORY, dir_fd=directory)
    except OSError as error:
        return FileState("error", detail=f"cannot be opened: {error.strerror}")
    try:
        side = _side(os.fstat(opened), EMPTY)
        xattrs = metadata.xattrs(opened) or NONE
        return side._replace(size=0, xattrs=xattrs, flags=metadata.flags(opened))
    except OSError as error:
        return FileState("error", detail=f"cannot be read: {error.strerror}")
    finally:
        os.close(opened)


OTHERS = {SYMLINK: _linked, FOLDER: _folder}
"""What tells more than its kind of what is no file."""


def _read(opened: int, found: os.stat_result) -> FileState:
    """Return a file as it is now, all of it, and close it."""
    try:
        side = _side(found, sha256(opened, found.st_size))
        xattrs = metadata.xattrs(opened) or NONE
        return side._replace(xattrs=xattrs, flags=metadata.flags(opened))
    except OSError as error:
        return FileState("error", detail=f"cannot be read: {error.strerror}")
    finally:
        os.close(opened)


def _side(found: os.stat_result, digest: str) -> FileState:
    return FileState(
        kind_of(found.st_mode),
        found.st_size,
        stat.S_IMODE(found.st_mode),
        found.st_uid,
        found.st_gid,
        found.st_nlink,
        digest,
        "",
        stamp(found),
        found.st_mtime_ns,
    )


def stamp(found: os.stat_result) -> int:
    """Return what changes when anybody touches a file, its name aside."""
    return hash((found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns))


def other_name(directory: int, name: str, before: os.stat_result) -> int:
    """Return the stamp of a file's new name; 0 if it is another file, or was written to meanwhile.

    A new name alone changes the time of the last change, and so the stamp.
    """
    found = os.stat(name, dir_fd=directory, follow_symlinks=False)
    return stamp(found) if _untouched(found) == _untouched(before) else 0


def _untouched(found: os.stat_result) -> tuple[int, ...]:
    owner = (found.st_mode, found.st_uid, found.st_gid)
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, *owner)


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
