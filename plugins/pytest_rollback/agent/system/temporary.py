"""Temporary directories of requests: what a killed one left behind is removed by a later one."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from contextlib import contextmanager
from typing import Iterator

PREFIX = "rollback-trial-"
STALE = 3600.0
"""Seconds after which a directory is a dead request's leftover."""


@contextmanager
def directory(purpose: str = "") -> Iterator[str]:
    """Yield the real path of a new directory that is ours alone; it is removed afterwards.

    Raises:
        OSError: it cannot be made.
    """
    sweep()
    place = os.path.realpath(tempfile.mkdtemp(prefix=f"{PREFIX}{purpose}"))
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def sweep() -> None:
    """Remove what killed requests of ours have left behind.

    A directory of somebody else stays, and so does one that may be in use.
    """
    with os.scandir(tempfile.gettempdir()) as found:
        for entry in found:
            if entry.name.startswith(PREFIX) and entry.is_dir(follow_symlinks=False):
                state = entry.stat(follow_symlinks=False)
                if state.st_uid == os.geteuid() and time.time() - state.st_mtime > STALE:
                    shutil.rmtree(entry.path, ignore_errors=True)
