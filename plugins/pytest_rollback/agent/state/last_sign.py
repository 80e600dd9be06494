"""When the holder of a run was heard last: by a clock that nobody sets, and the id of this boot."""

from __future__ import annotations

import contextlib
import os
import time
from typing import Optional

NAME = "heard"
"""The file of a run's folder that each of its requests writes: one line, always of one length."""

FLAGS = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC


def boot() -> str:
    """Return the id of this run of the kernel, "" where it cannot be read."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return ""


def note(folder: str) -> None:
    """Write down that the holder is heard now; where that cannot be written, he is not."""
    with contextlib.suppress(OSError):
        opened = os.open(os.path.join(folder, NAME), FLAGS, 0o600)
        try:
            os.pwrite(opened, f"{boot():>36} {up():20.3f}\n".encode("ascii"), 0)
        finally:
            os.close(opened)


def up() -> float:
    """Return the seconds since this host was started, those in which it slept included."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def silence(folder: str) -> Optional[float]:
    """Return for how many seconds nobody was heard; None if he was not, since this host started.

    No change of the time of day changes that.
    """
    try:
        with open(os.path.join(folder, NAME), encoding="ascii") as file:
            where, when = file.read().split()
            return max(0.0, up() - float(when)) if where == boot() else None
    except (OSError, ValueError):
        return None
