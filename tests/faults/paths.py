"""The links of a scene's two releases, and all that counts of a path."""

from __future__ import annotations

import os
import stat
import struct
from pathlib import Path

Facts = tuple[object, ...]
NOBODY = 65534
LINKS = {
    "app/alias": "/opt/previous",
    "app/current": "previous",
    "mesh/pointer": "serve.py",
    "mesh/turned": "serve.py",
}
"""Links of the previous release, and where they lead."""

LINKED = "mesh/linked.py"
"""A file of the previous release that the deploy makes a link."""

FRESH_LINKS = {"app/current": "../nowhere/current", LINKED: "/etc/passwd", "lib/alias": "new"}
"""Links of the current release. Of others it makes a file and a directory, and one it deletes."""

FOLDED = "app/folded"
"""A file of the previous release that the deploy makes a directory."""

FRESH_FOLDERS = {FOLDED: ("inside.py", "deep/more.py"), "mesh/pointer": ("inside.py",)}
"""Directories of the current release in the place of a file and a link, and what they hold."""

EMPTY = {"spool/gone": 0o750, "spool/dressed": 0o700, "spool/filed": 0o711}
"""Empty directories of the previous release, and their modes: the deploy deletes one, gives one
another mode, and makes a file of one."""


def is_file(path: Path) -> bool:
    """Tell whether it is a regular file itself."""
    return stat.S_ISREG(kind(path))


def kind(path: Path) -> int:
    """Return the mode of whatever a path itself is."""
    return path.lstat().st_mode


def content(path: Path) -> bytes:
    """Return the bytes of a file, or of the name that a link leads to."""
    if stat.S_ISLNK(kind(path)):
        return b"-> " + os.fsencode(path.readlink())
    return path.read_bytes() if is_file(path) else b""


def link(path: Path, target: str, owner: int) -> None:
    """Make a link with a time, and for root with an owner, of its own."""
    path.symlink_to(target)
    os.utime(path, ns=(10**18, 10**18 + len(target)), follow_symlinks=False)
    if os.geteuid() == 0:
        os.chown(path, owner, owner, follow_symlinks=False)


def facts(path: Path) -> Facts:
    """Return what a path is: its kind, owner, mode; of a file all but its inode and atime."""
    found = path.lstat()
    head = (found.st_mode, found.st_uid, found.st_gid)
    if stat.S_ISLNK(found.st_mode):
        return (*head, found.st_mtime_ns, content(path))
    if not stat.S_ISREG(found.st_mode):
        return head
    named = tuple((name, os.getxattr(path, name)) for name in sorted(os.listxattr(path)))
    return (*head, found.st_mtime_ns, named, content(path))


def attribute(path: Path, name: str, value: bytes) -> None:
    """Set an extended attribute."""
    os.setxattr(path, name, value)


def acl(uid: int) -> bytes:
    """Return an ACL that lets one more user read, as the kernel keeps it."""
    entries = ((1, 6, -1), (2, 4, uid), (4, 4, -1), (16, 4, -1), (32, 0, -1))
    packed = (struct.pack("<HHi", tag, perm, who) for tag, perm, who in entries)
    return struct.pack("<I", 2) + b"".join(packed)
