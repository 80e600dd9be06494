"""Reads a small file whole: never blocks on a fifo, never fills the memory, is not led away."""

from __future__ import annotations

import errno
import hashlib
import os
from typing import Iterator

from . import reach

MOST = 16 << 20
"""Bytes of the largest file that is read whole."""


def whole(path: str, *, follow: bool = True) -> bytes:
    """Return the content of a regular file.

    Raises:
        OSError: it is missing, may not be read, is no regular file, is larger than 16 MiB, or a
            link led to it of somebody who may not read it.
    """
    with reach.file(path, follow=follow) as file:
        if os.fstat(file.fileno()).st_size > MOST:
            raise OSError(errno.EFBIG, "is larger than 16 MiB", path)
        return file.read(MOST)


def text(path: str, *, follow: bool = True) -> str:
    """Return the content of a regular file as text; raises what `whole` raises."""
    return whole(path, follow=follow).decode("utf-8", "surrogateescape")


BLOCK = 1 << 20


def blocks(opened: int, size: int) -> Iterator[bytes]:
    """Yield the rest of a file of about this size, in bytes; of one that grows, a bit more.

    Somebody may write to it without end: whoever compares sizes or digests sees that it grew.
    """
    most = min(BLOCK, size + 1)
    left = size + BLOCK
    block = os.read(opened, most)
    while block:
        yield block
        left -= len(block)
        if len(block) < most or left < 0:  # of a regular file: this was its end
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
