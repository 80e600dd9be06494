"""Processes of this host, from /proc: the dead that nobody has collected do not count."""

from __future__ import annotations

import os
from typing import Iterator, NamedTuple


class Process(NamedTuple):
    """One process: its number, its state letter, and the group it belongs to."""

    pid: int
    state: str
    group: int


def processes() -> Iterator[Process]:
    """Yield every process; one that ends meanwhile is left out."""
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                stat = told(name)
            except OSError:
                continue
            state, _parent, group = stat.rpartition(")")[2].split()[:3]  # a name may hold spaces
            yield Process(int(name), state, int(group))


def told(pid: object) -> str:
    """Return what the kernel says of a process."""
    with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
        return file.read()


def members(group: int) -> list[int]:
    """Return the living processes of a group."""
    return [one.pid for one in processes() if one.group == group and one.state not in "ZX"]


def started(pid: int) -> float:
    """Return when a process started, in clock ticks since boot; zero when there is none.

    With the number it tells a process from another one that got its number later.
    """
    try:
        state, *rest = told(pid).rpartition(")")[2].split()
        return 0.0 if state in "ZX" else float(rest[18])
    except (OSError, IndexError, ValueError):
        return 0.0
