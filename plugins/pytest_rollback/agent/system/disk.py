"""What is mounted where, from the kernel's own list; need and room of file systems."""

from __future__ import annotations

import contextlib
import os
import re
from typing import Iterable, NamedTuple, Optional

from ..messages.system import Room

LARGE = 1 << 20
"""Bytes of a file for whose holes it is worth to look."""

SECTOR = 512
"""Bytes in which the system counts what a file takes of the disk."""


def points() -> frozenset[str]:
    """Return every mount point; a single file that is bind-mounted is one too."""
    try:
        with open("/proc/self/mountinfo", "rb") as file:
            lines = file.read().rstrip(b"\n").split(b"\n")
    except OSError:
        return frozenset()
    return frozenset(os.fsdecode(unescaped(line.split()[4])) for line in lines)


def mounted(root: str, names: Iterable[str]) -> list[str]:
    """Return which files are mount points, or directories with one: they cannot change names."""
    base = os.path.realpath(root)
    inside = [f"{point}/" for point in points() if point.startswith(os.path.join(base, ""))]
    found = [name for name in names if _has_point(os.path.join(base, name, ""), inside)]
    return [f"{name}: something is mounted on the live file: umount it" for name in found]


def _has_point(place: str, inside: Iterable[str]) -> bool:
    return any(each.startswith(place) for each in inside)


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


class Need(NamedTuple):
    """What is to be written at a path, in bytes and inodes."""

    path: str
    bytes: int
    inodes: int = 0


def rooms(needs: Iterable[Need]) -> tuple[Room, ...]:
    """Return need and room of every file system that the paths are, or would be, on."""
    sums: dict[int, Need] = {}
    for need in needs:
        place = existing(need.path)
        device = os.stat(place).st_dev
        total = sums.get(device, Need(place, 0))
        sums[device] = Need(total.path, total.bytes + need.bytes, total.inodes + need.inodes)
    return tuple(map(room, sums.values()))


def room(need: Need) -> Room:
    """Return need and room of the file system that holds an existing path."""
    state = os.statvfs(need.path)
    free = state.f_bavail * state.f_frsize  # without root's reserve, which is for emergencies
    free_inodes = state.f_favail if state.f_files else None
    return Room(
        mount=above(need.path),
        need=need.bytes,
        free=free,
        need_inodes=need.inodes,
        free_inodes=free_inodes,
        enough=need.bytes <= free and (free_inodes is None or need.inodes <= free_inodes),
    )


def taken(copy: str, size: int, directory: Optional[int] = None) -> int:
    """Return how much of the disk a recorded file of so many bytes takes: its copy's holes do not.

    Few files are large enough to be looked at for that.
    """
    with contextlib.suppress(OSError):
        found = os.stat(copy, dir_fd=directory, follow_symlinks=False) if size > LARGE else None
        return solid(found) if found and found.st_size == size else size
    return size


def solid(found: os.stat_result) -> int:
    """Return the bytes of a file that are on the disk: a small one may lie in its inode."""
    holes = found.st_size - found.st_blocks * SECTOR
    return found.st_size - (holes if holes > LARGE else 0)
