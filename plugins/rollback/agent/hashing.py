"""The SHA-256 of an open file, in blocks of 1 MiB: memory stays flat whatever its size."""

from __future__ import annotations

import hashlib
import os
from typing import Iterator

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
