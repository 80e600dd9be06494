"""Reads a small file whole: never blocks on a fifo, never fills the memory."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from typing import Iterator

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
            raise OSError(errno.EINVAL, "is not a regular file", path)
        if state.st_size > MOST:
            raise OSError(errno.EFBIG, "is larger than 16 MiB", path)
        return file.read(MOST)


def text(path: str, *, follow: bool = True) -> str:
    """Return the content of a regular file as text; raises what `whole` raises."""
    return whole(path, follow=follow).decode("utf-8", "surrogateescape")


BLOCK = 1 << 20


def blocks(opened: int, size: int) -> Iterator[bytes]:
    """Yield the rest of the file; its size in bytes, roughly, keeps the buffer small."""
    most = min(BLOCK, size + 1)
    block = os.read(opened, most)
    while block:
        yield block
        if len(block) < most:  # of a regular file: this was its end
            return
        block = os.read(opened, most)


def sha256(opened: int, size: int) -> str:
    """Return the digest, in hexadecimal, of the rest of a file of about this size."""
    most = min(BLOCK, size + 1)
    block = os.read(opened, most)
    digest = hashlib.sha256(block)
    if len(block) == most:  # of all but the small ones, this was only the beginning
        for block in blocks(opened, size):
            digest.update(block)
    return digest.hexdigest()
