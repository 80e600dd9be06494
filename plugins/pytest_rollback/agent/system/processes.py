"""Processes of this host, from /proc: the dead that nobody has collected do not count."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Dict, Iterator, NamedTuple, Optional

if TYPE_CHECKING:
    from typing import Iterable, Mapping


MOST = 1 << 20
"""Bytes of a command line, or of an environment, that are read."""


class Process(NamedTuple):
    """One process: its number, its state letter, the group and the session it belongs to.

    `parent` is its parent's number, `terminal` that of its controlling terminal, 0 without one, and
    `started` when it began, in clock ticks since boot.
    """

    pid: int
    state: str
    group: int
    parent: int = 0
    session: int = 0
    terminal: int = 0
    started: int = 0

    @property
    def lives(self) -> bool:
        """Whether it runs: a dead one that nobody has collected does not."""
        return self.state not in "ZX"


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


def proc(pid: int, name: str) -> bytes:
    """Return a file of a process; empty where it cannot be read."""
    try:
        with open(f"/proc/{pid}/{name}", "rb") as file:
            return file.read(MOST)
    except OSError:
        return b""


def environ(pid: int) -> Optional[Dict[str, str]]:
    """Return the environment that a process was started with, None where it cannot be read."""
    content = proc(pid, "environ")
    if not content:
        return None
    pairs = (os.fsdecode(each).partition("=") for each in content.split(b"\0") if each)
    return {name: value for name, mark, value in pairs if mark}


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
            state, *rest = stat.rpartition(")")[2].split()  # a name may hold spaces
            parent, group, session, terminal = map(int, rest[:4])
            yield Process(int(name), state, group, parent, session, terminal, int(rest[18]))


def told(pid: object) -> str:
    """Return what the kernel says of a process."""
    with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
        return file.read()


def members(group: int) -> list[int]:
    """Return the living processes of a group."""
    return [one.pid for one in processes() if one.group == group and one.lives]


def family(table: Mapping[int, Process], roots: Iterable[int]) -> set[int]:
    """Return the living processes of `table` that descend from roots, which are among them.

    Those whose group or session one of them led belong to it: their parents may be dead.
    """
    found: set[int] = set()
    more = {pid for pid in roots if pid > 1}
    while more:
        found |= more
        more = {
            one.pid
            for one in table.values()
            if one.pid not in found and not found.isdisjoint((one.parent, one.group, one.session))
        }
    return {pid for pid in found if pid in table and table[pid].lives}


def began(one: Process) -> float:
    """Return when a process began, in seconds since the epoch as the clock is set now."""
    return booted() + one.started / os.sysconf("SC_CLK_TCK")


def started(pid: int) -> float:
    """Return when a process started, in clock ticks since boot; zero when there is none.

    With the number it tells a process from another one that got its number later.
    """
    try:
        state, *rest = told(pid).rpartition(")")[2].split()
        return 0.0 if state in "ZX" else float(rest[18])
    except (OSError, IndexError, ValueError):
        return 0.0
