"""Which process has a file open: asked of the kernel, by device and inode and not by name.

A file has several names where it was linked or is mounted elsewhere, as in a container.
"""

from __future__ import annotations

import contextlib
import os
from typing import FrozenSet, Iterable, Tuple

from ..files import reach

Identity = Tuple[int, int]
"""Device and inode of a file."""


def identities(paths: Iterable[str]) -> FrozenSet[Identity]:
    """Return what the files at these paths are, of those that are there."""
    found = set()
    for path in paths:
        with contextlib.suppress(OSError):
            state = reach.status(path, follow=False)
            found.add((state.st_dev, state.st_ino))
    return frozenset(found)


def has_open(pid: int, wanted: FrozenSet[Identity]) -> bool:
    """Return whether a process has one of these files open.

    Raises:
        OSError: it ended meanwhile, or may not be looked at (PermissionError).
    """
    if not wanted:
        return False
    for number in os.listdir(f"/proc/{pid}/fd"):
        with contextlib.suppress(OSError):
            state = os.stat(f"/proc/{pid}/fd/{number}")
            if (state.st_dev, state.st_ino) in wanted:
                return True
    return False
