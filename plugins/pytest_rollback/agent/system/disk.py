"""What is mounted where, from the kernel's own list."""

from __future__ import annotations

import os
import re
from typing import Any


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


def look(question: dict[str, Any]) -> list[dict[str, Any]]:
    """Return need and room of every file system that the asked paths are, or would be, on.

    `free_inodes` is None where a file system makes inodes as it needs them.
    """
    needs: dict[int, dict[str, Any]] = {}
    for need in question["needs"]:
        place = existing(need["path"])
        total = needs.setdefault(os.stat(place).st_dev, {"place": place, "bytes": 0, "inodes": 0})
        total["bytes"] += need.get("bytes", 0)
        total["inodes"] += need.get("inodes", 0)
    return [room(**total) for total in needs.values()]


def room(place: str, bytes: int, inodes: int) -> dict[str, Any]:  # noqa: A002 - the question's word
    """Return one file system's sums."""
    state = os.statvfs(place)
    free = state.f_bavail * state.f_frsize  # without root's reserve, which is for emergencies
    free_inodes = state.f_favail if state.f_files else None
    return {
        "mount": above(place),
        "need": bytes,
        "free": free,
        "need_inodes": inodes,
        "free_inodes": free_inodes,
        "enough": bytes <= free and (free_inodes is None or inodes <= free_inodes),
    }
