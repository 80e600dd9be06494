"""What is mounted where, from the kernel's own list."""

from __future__ import annotations

import os
import re


def points() -> frozenset[str]:
    """Return every mount point; a single file that is bind-mounted is one too."""
    try:
        with open("/proc/self/mountinfo", "rb") as file:
            lines = file.read().splitlines()
    except OSError:
        return frozenset()
    return frozenset(os.fsdecode(unescaped(line.split()[4])) for line in lines)


def unescaped(name: bytes) -> bytes:
    r"""Return a name without the kernel's escapes: \040 is a space."""
    return re.sub(rb"\\(\d{3})", lambda found: bytes([int(found[1], 8)]), name)


def above(path: str) -> str:
    """Return the mount point of the file system that holds an existing path."""
    here = os.path.realpath(path)
    device = os.stat(here).st_dev
    while here != "/" and os.stat(os.path.dirname(here)).st_dev == device:
        here = os.path.dirname(here)
    return here


def existing(path: str) -> str:
    """Return the path itself, or the nearest directory above it that is there."""
    here = os.path.abspath(path)
    while here != "/" and not os.path.lexists(here):
        here = os.path.dirname(here)
    return here
