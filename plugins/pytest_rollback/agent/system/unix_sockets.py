"""Who listens on a unix socket: the process that holds it now, not the one that made it."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
from typing import FrozenSet, NamedTuple, Set

from .processes import is_gone

ANSWER = 3.0
"""Seconds that a connection may take."""

NAME = 7
"""Where the name stands in a row of /proc/net/unix."""

LISTENS = 0x10000
"""The flag of a listening socket in /proc/net/unix."""


class Bound(NamedTuple):
    """A listening unix socket: the name it was bound to, as it was given, and its open file."""

    name: str
    file: str


def listener(path: str) -> int:
    """Return the process that listens on a unix socket, 0 where it cannot be told.

    The kernel names the process that began to listen. A daemon has forked since: it holds the
    socket, and the number of its parent may be another's by now.
    """
    try:
        with socket.socket(socket.AF_UNIX) as one:
            one.settimeout(ANSWER)
            one.connect(path)
            said = one.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
    except OSError:
        return 0
    began = int(struct.unpack("3i", said)[0])
    files = {each.file for each in listening() if leads_to(each.name, path)}
    lives = began > 0 and not is_gone(began, 0.0)
    held = opened(began) if lives else set()
    if lives and (files & held or not files):  # without a row it is of another network
        return began
    return holder(frozenset(files)) or (began if lives and not held else 0)


def listening() -> list[Bound]:
    """Return the unix sockets that somebody listens on, and that have a name."""
    try:
        with open("/proc/net/unix", encoding="utf-8", errors="surrogateescape") as file:
            rows = [line.rstrip("\n").split(None, 7) for line in file][1:]
    except OSError:
        return []
    named = [row for row in rows if row[NAME:] and int(row[3], 16) & LISTENS]
    return [Bound(row[NAME], f"socket:[{row[6]}]") for row in named]


def leads_to(name: str, path: str) -> bool:
    """Return whether a socket that was bound to a name can be the one at a path.

    supervisord binds `run.sock.PID` and links it to `run.sock`. A relative name is one of the
    listener's own directory, and compared without it.
    """
    real = os.path.realpath(path)
    folder, base = os.path.split(name)
    wanted = os.path.basename(real)
    if base != wanted and not (base.startswith(f"{wanted}.") and base[len(wanted) + 1 :].isdigit()):
        return False
    return not name.startswith("/") or os.path.realpath(folder) == os.path.dirname(real)


def holder(files: FrozenSet[str]) -> int:
    """Return the first process that has one of some open files; 0 for none."""
    numbers = sorted(map(int, filter(str.isdigit, os.listdir("/proc")))) if files else []
    return next((number for number in numbers if files & opened(number)), 0)


def opened(pid: int) -> Set[str]:
    """Return what a process has open; nothing where that cannot be read."""
    found: Set[str] = set()
    with contextlib.suppress(OSError):
        for each in os.listdir(f"/proc/{pid}/fd"):
            with contextlib.suppress(OSError):
                found.add(os.readlink(f"/proc/{pid}/fd/{each}"))
    return found
