"""Symbolic links as content: where one leads is read and written, and nobody goes there."""

from __future__ import annotations

import os
import stat
from typing import NamedTuple, Tuple

from .handles import Irregular, kind_of

LINK = getattr(os, "O_PATH", 0) | os.O_NOFOLLOW | os.O_CLOEXEC


class Link(NamedTuple):
    """A link: the bytes of the name that it leads to, and what the system knows of the link."""

    target: bytes
    found: os.stat_result


def read(directory: int, name: str) -> Link:
    """Return a link in the directory; what is said of it is about one and the same link.

    Raises:
        Irregular: it is something else.
        OSError: it is missing.
    """
    opened = os.open(name, LINK, dir_fd=directory)
    try:
        found = os.fstat(opened)
        if not stat.S_ISLNK(found.st_mode):
            raise Irregular(kind_of(found.st_mode), name)
        return Link(os.readlink(b"", dir_fd=opened), found)
    finally:
        os.close(opened)


def make(
    directory: int, name: str, target: bytes, owner: Tuple[int, int], times: Tuple[int, int]
) -> None:
    """Make a link, with its owner (user, group) and times (of reading, of change; ns) of its own.

    Raises:
        OSError: the name is taken, or the owner may not be given.
    """
    os.symlink(target, os.fsencode(name), dir_fd=directory)
    found = os.stat(name, dir_fd=directory, follow_symlinks=False)
    if (found.st_uid, found.st_gid) != owner:
        os.chown(name, *owner, dir_fd=directory, follow_symlinks=False)
    os.utime(name, ns=times, dir_fd=directory, follow_symlinks=False)


def copy(source: Tuple[int, str], target: Tuple[int, str]) -> None:
    """Make a link that leads where another one does, with the same owner and times."""
    link = read(*source)
    found = link.found
    make(*target, link.target, (found.st_uid, found.st_gid), (found.st_atime_ns, found.st_mtime_ns))
