"""Reads open files in blocks: never fills the memory, and ends where a file grows without end."""

from __future__ import annotations

import hashlib
import os
from typing import Iterator

BLOCK = 1 << 20
"""Bytes that are read at a time, and that a file may grow by before its end is not waited for."""


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
    """Return the digest, in hexadecimal, of the rest of a file of about this size.

    That of one which grew much more meanwhile is of its beginning: it is another file's anyway.
    """
    most = min(BLOCK, size + 1)
    block = os.read(opened, most)
    digest = hashlib.sha256(block)
    if len(block) == most:  # of all but the small ones, this was only the beginning
        for block in blocks(opened, size):
            digest.update(block)
    return digest.hexdigest()
