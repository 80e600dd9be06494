"""Is there room? Needs are added up for each file system, bytes and inodes."""

from __future__ import annotations

import os
from typing import Any

from . import mounts


def look(question: dict[str, Any]) -> list[dict[str, Any]]:
    """Return need and room of every file system that the asked paths are, or would be, on.

    `free_inodes` is None where a file system makes inodes as it needs them.
    """
    needs: dict[int, dict[str, Any]] = {}
    for need in question["needs"]:
        place = mounts.existing(need["path"])
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
        "mount": mounts.above(place),
        "need": bytes,
        "free": free,
        "need_inodes": inodes,
        "free_inodes": free_inodes,
        "enough": bytes <= free and (free_inodes is None or inodes <= free_inodes),
    }
