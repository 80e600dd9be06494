"""Files that somebody names on a command line or in a manifest: read whole, but not without end.

A pipe that nobody writes would be waited for, a device has no end, and a wrong name may lead to a
disk image; each is told with one message instead.
"""

from __future__ import annotations

import errno
import os
import re
import select
import stat
from pathlib import Path

MOST = 16 << 20
"""Bytes of a file that somebody wrote, or had written, for us to read."""

PATIENCE = 30.0
"""Seconds in which a pipe says something: `git diff` of a large history takes a while."""

PIECE = 1 << 20
FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC
GIVEN = re.compile(r"/(?:dev|proc/self)/fd/(\d+)")


def content(path: Path | str, most: int = MOST, *, pipe: bool = False) -> bytes:
    """Return the bytes of a file.

    Args:
        path: the file.
        most: how many bytes are accepted.
        pipe: whether it may be one, as in `<(git diff)`.

    Raises:
        OSError: it cannot be read, is no file, is too large, or a pipe that says nothing.
    """
    handle = _opened(str(path))
    try:
        mode = os.fstat(handle).st_mode
        if not (stat.S_ISREG(mode) or (pipe and stat.S_ISFIFO(mode))):
            raise OSError(errno.EINVAL, "is not a regular file", str(path))
        return _read(handle, str(path), most)
    finally:
        os.close(handle)


def _opened(path: str) -> int:
    """Return a descriptor; of a pipe of the shell the one that we were given: it knows its end."""
    given = GIVEN.fullmatch(path)
    return os.dup(int(given[1])) if given else os.open(path, FLAGS)


def _read(handle: int, path: str, most: int) -> bytes:
    """Return what comes until the end."""
    parts: list[bytes] = []
    size = 0
    while select.select([handle], [], [], PATIENCE)[0]:
        part = os.read(handle, PIECE)
        if not part:
            return b"".join(parts)
        parts.append(part)
        size += len(part)
        if size > most:
            raise OSError(errno.EFBIG, f"is larger than {most >> 20} MB", path)
    raise OSError(errno.ETIMEDOUT, f"nothing came for {PATIENCE:.0f} s", path)
