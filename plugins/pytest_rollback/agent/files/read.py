"""Reads open files in blocks, and pours them into others.

It never fills the memory, ends where a file grows without end, and keeps the holes of a file.
"""

from __future__ import annotations

import hashlib
import os
from typing import Iterable, Iterator, Tuple

BLOCK = 1 << 20
"""Bytes that are read at a time, and that a file may grow by before its end is not waited for."""


PIECE = 1 << 16
"""Bytes of zeros that become a hole where the source has holes."""

SECTOR = 512
"""Bytes in which the system counts what a file takes of the disk."""


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


def has_holes(found: os.stat_result) -> bool:
    """Return whether a file takes less of the disk than it has bytes."""
    return found.st_blocks * SECTOR < found.st_size


def poured(content: Iterable[bytes], target: int, *, holes: bool) -> Tuple[str, int]:
    """Write blocks into an open file that is empty; return their digest and number of bytes.

    With `holes` zeros are not written: the file is as long, and takes no more than its source.
    """
    seen, size = hashlib.sha256(), 0
    for block in content:
        seen.update(block)
        size += len(block)
        for start in range(0, len(block), PIECE) if holes else ():
            _put(target, block[start : start + PIECE], holes=True)
        if not holes:
            _put(target, block, holes=False)
    if holes:
        os.ftruncate(target, size)
    return seen.hexdigest(), size


def _put(target: int, block: bytes, *, holes: bool) -> None:
    """Write all of a block, or go past it if it may be a hole."""
    if holes and not block.strip(b"\0"):
        os.lseek(target, len(block), os.SEEK_CUR)
        return
    rest = memoryview(block)
    while rest:
        rest = rest[os.write(target, rest) :]
