"""What a file carries beside its bytes: owner, mode, times, ACLs, capabilities, labels.

On Linux the last three are extended attributes (`system.posix_acl_access`,
`security.capability`, `security.selinux`), so they need no tools.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import sys
from typing import Container, NamedTuple

NOT_THERE = {errno.ENOTSUP, errno.ENOSYS}

GET_FLAGS = 0x80086601 if sys.maxsize > 1 << 32 else 0x80046601
SET_FLAGS = 0x40086602 if sys.maxsize > 1 << 32 else 0x40046602
"""The requests FS_IOC_GETFLAGS and FS_IOC_SETFLAGS."""

ROOM = bytes(8)
IMMUTABLE, APPEND_ONLY = 0x10, 0x20
PROTECTED = IMMUTABLE | APPEND_ONLY
"""The flags of `chattr` for which not even root can change, rename or link a file."""

CLOSED = 0o640
"""The most that a file with secrets is restored as: for its owner, and read by its group."""

ACL = "system.posix_acl_access"


FILE, LINK, FOLDER = "file", "link", "directory"
"""What a recorded path is."""


class FileEntry(NamedTuple):
    """One file as the previous release had it. Attributes are base64, times nanoseconds.

    `flags` are those of `chattr` that protect it. `kind` is "file", or "link" for a symbolic link,
    whose content are the bytes of the name that it leads to, or "directory" for an empty one, whose
    content is none: all of it is in the record, and it has no backup.
    """

    path: str
    sha256: str
    size: int
    mode: int
    uid: int
    gid: int
    mtime_ns: int
    xattrs: dict[str, str]
    flags: int = 0
    kind: str = FILE

    @property
    def is_link(self) -> bool:
        """Whether it is a symbolic link."""
        return self.kind == LINK

    @property
    def is_directory(self) -> bool:
        """Whether it is a directory."""
        return self.kind == FOLDER

    def holds(self, size: int, digest: str) -> bool:
        """Return whether a file of this size, in bytes, and sha256 has the recorded content.

        Whoever judges a backup, or a live file, asks this.
        """
        return size == self.size and self.has_bytes(digest)

    def has_bytes(self, digest: str) -> bool:
        """Return whether bytes with this sha256 are the recorded content.

        Whoever copies, stages or takes bytes from git asks this of what it has in hand.
        """
        return digest == self.sha256


def capped(saved: FileEntry, secrets: Container[str]) -> FileEntry:
    """Return what a file is restored as: one that is declared secret is read by no other account.

    Its owner keeps what he has, and its group may read it, as it usually does where a service is
    no owner of its own settings. The mode of a link decides nothing, and stays.
    """
    if saved.kind != FILE or saved.path not in secrets or not saved.mode & ~CLOSED:
        return saved
    xattrs = {name: value for name, value in saved.xattrs.items() if name != ACL}
    return saved._replace(mode=saved.mode & CLOSED, xattrs=xattrs)


def flags(opened: int) -> int:
    """Return the flags of `chattr` that protect an open file or directory; 0 where there are none.

    Also where a file system has no such flags.
    """
    try:
        found = fcntl.ioctl(opened, GET_FLAGS, ROOM)
    except OSError:
        return 0
    return int.from_bytes(found[:4], sys.byteorder) & PROTECTED


def protect(opened: int, wanted: int) -> None:
    """Give an open file the flags of `chattr` that protect it, and take away the others of them.

    Raises:
        OSError: not permitted, or the file system has no such flags.
    """
    if flags(opened) == wanted:
        return
    found = int.from_bytes(fcntl.ioctl(opened, GET_FLAGS, ROOM)[:4], sys.byteorder)
    fresh = (found & ~PROTECTED) | wanted
    fcntl.ioctl(opened, SET_FLAGS, fresh.to_bytes(4, sys.byteorder) + ROOM[4:])


def flag_words(found: int) -> str:
    """Return what flags of `chattr` mean, for people."""
    words = ((IMMUTABLE, "immutable"), (APPEND_ONLY, "append-only"))
    return " and ".join(word for flag, word in words if found & flag) or "not protected"


class Metadata(NamedTuple):
    """Everything of one file but its bytes. `mode` holds the permission bits alone."""

    mode: int
    uid: int
    gid: int
    atime_ns: int
    mtime_ns: int
    xattrs: dict[str, bytes]


def read(opened: int) -> Metadata:
    """Return the metadata of an open file."""
    return of(opened, os.fstat(opened))


def of(opened: int, found: os.stat_result) -> Metadata:
    """Return the metadata of an open file whose state was asked for already."""
    return Metadata(
        stat.S_IMODE(found.st_mode),
        found.st_uid,
        found.st_gid,
        found.st_atime_ns,
        found.st_mtime_ns,
        xattrs(opened),
    )


def xattrs(opened: int) -> dict[str, bytes]:
    """Return the extended attributes of an open file; none where there are no such things."""
    if not hasattr(os, "listxattr"):  # pragma: no cover - another platform
        return {}
    try:
        names = os.listxattr(opened)
        return {name: os.getxattr(opened, name) for name in names}
    except OSError as error:
        if error.errno in NOT_THERE:
            return {}
        raise


def apply(opened: int, wanted: Metadata) -> None:
    """Make an open file carry the metadata; what it has already is left alone.

    The owner comes first because a change of owner drops set-id bits and capabilities;
    the ACL after the mode because it refines it; the times last.

    Raises:
        OSError: not permitted, or the file system cannot hold it.
    """
    found = os.fstat(opened)
    if (found.st_uid, found.st_gid) != (wanted.uid, wanted.gid):
        os.fchown(opened, wanted.uid, wanted.gid)
    os.fchmod(opened, wanted.mode)
    _apply_xattrs(opened, wanted.xattrs)
    os.utime(opened, ns=(wanted.atime_ns, wanted.mtime_ns))


def _apply_xattrs(opened: int, wanted: dict[str, bytes]) -> None:
    """Set what differs, and take away what a new file inherited from its directory."""
    found = xattrs(opened)
    for name in found.keys() - wanted.keys():
        os.removexattr(opened, name)
    for name, value in wanted.items():
        if found.get(name) != value:
            os.setxattr(opened, name, value)
