"""Reads a small file whole: never blocks on a fifo, never fills the memory."""

from __future__ import annotations

import errno
import os
import stat

MOST = 16 << 20
"""Bytes of the largest file that is read whole."""


def whole(path: str, *, follow: bool = True) -> bytes:
    """Return the content of a regular file.

    Raises:
        OSError: it is missing, may not be read, is no regular file, or is larger than 16 MiB.
    """
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | (0 if follow else os.O_NOFOLLOW)
    with open(os.open(path, flags), "rb") as file:
        state = os.fstat(file.fileno())
        if not stat.S_ISREG(state.st_mode):
            raise OSError(errno.EINVAL, "is no regular file", path)
        if state.st_size > MOST:
            raise OSError(errno.EFBIG, "is larger than 16 MiB", path)
        return file.read(MOST)


def text(path: str, *, follow: bool = True) -> str:
    """Return the content of a regular file as text; raises what `whole` raises."""
    return whole(path, follow=follow).decode("utf-8", "surrogateescape")
