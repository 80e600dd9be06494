"""Processes of this host, from /proc: the dead that nobody has collected do not count."""

from __future__ import annotations

import os
import time
from typing import Iterator, NamedTuple


class Process(NamedTuple):
    """One process: its number, its state letter, and the group it belongs to."""

    pid: int
    state: str
    group: int


class ProcessSpace(NamedTuple):
    """Where process numbers mean what they mean here; what cannot be told is "".

    `host` is the machine's name, `boot` the id of this run of its kernel, `space` the one in which
    processes are numbered: a container has its own, and often the name of another one.
    """

    host: str
    boot: str
    space: str

    @property
    def is_known(self) -> bool:
        """Whether a process of another place could be told from one of here."""
        return bool(self.boot and self.space)


def here() -> ProcessSpace:
    """Return where this process is."""
    boot = space = ""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            boot = file.read().strip()
        space = os.readlink("/proc/self/ns/pid")
    except OSError:
        pass
    return ProcessSpace(os.uname().nodename, boot, space)


def booted() -> float:
    """Return when this kernel was started, in epoch seconds."""
    return time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)


def is_gone(pid: int, since: float) -> bool:
    """Return whether a process of here is dead for certain: nobody has its number, or another one.

    Others' processes may be hidden from us in /proc, but not from a signal that does nothing.
    """
    if pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except (PermissionError, OverflowError):
        pass
    try:
        state, *rest = told(pid).rpartition(")")[2].split()
        return state in "ZX" or (bool(since) and float(rest[18]) != since)
    except (OSError, IndexError, ValueError):
        return False


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


LISTEN = "0A"


def listening() -> frozenset[int]:
    """Return every port that somebody listens on, IPv4 and IPv6."""
    found: set[int] = set()
    for table in ("tcp", "tcp6"):
        try:
            with open(f"/proc/net/{table}", encoding="ascii") as file:
                lines = file.read().splitlines()[1:]
        except OSError:  # a kernel without IPv6 has no tcp6
            continue
        fields = (line.split() for line in lines)
        found.update(int(field[1].rpartition(":")[2], 16) for field in fields if field[3] == LISTEN)
    return frozenset(found)
