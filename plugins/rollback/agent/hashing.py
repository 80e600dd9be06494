"""The SHA-256 of an open file, in blocks of 1 MiB: memory stays flat whatever its size."""

from __future__ import annotations

import hashlib
import os
from typing import Iterator

BLOCK = 1 << 20


def blocks(opened: int) -> Iterator[bytes]:
    """Yield the rest of the file from its current position."""
    size = min(BLOCK, os.fstat(opened).st_size + 1)
    block = os.read(opened, size)
    while block:
        yield block
        block = os.read(opened, size)


def sha256(opened: int) -> str:
    """Return the digest, in hexadecimal, of the rest of the file."""
    digest = hashlib.sha256()
    for block in blocks(opened):
        digest.update(block)
    return digest.hexdigest()
