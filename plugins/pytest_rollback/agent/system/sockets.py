"""Listening TCP sockets of this host, and which processes hold them, from /proc."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from typing import Iterable

LISTEN = "0A"
LOOP = 127
"""The first byte of an IPv4 address that means this host itself."""


class Listener(NamedTuple):
    """One listening socket: its port, its inode, and whether the host itself reaches it.

    `account` is the number of the account that opened it.
    """

    port: int
    inode: str
    near: bool
    account: int = 0


def listeners(pid: int = 0) -> list[Listener]:
    """Return every listening socket of a network namespace, IPv4 and IPv6.

    It is that of a process, ours without one.
    """
    found: list[Listener] = []
    for table in ("tcp", "tcp6"):
        try:
            with open(f"/proc/{pid or 'self'}/net/{table}", encoding="ascii") as file:
                lines = file.read().splitlines()[1:]
        except OSError:  # a kernel without IPv6 has no tcp6
            continue
        fields = (line.split() for line in lines)
        found += [_listener(field) for field in fields if field[3] == LISTEN]
    return found


def _listener(field: list[str]) -> Listener:
    address, _, port = field[1].rpartition(":")
    return Listener(int(port, 16), field[9], _is_near(address), int(field[7]))


def _is_near(address: str) -> bool:
    """Return whether a local address, in words of the machine's byte order, is any or loopback."""
    last = bytes.fromhex(address[-8:])
    ordered = last[::-1] if sys.byteorder == "little" else last
    head = address[:-8].strip("0F")  # ::ffff:127.0.0.1 is an IPv4 address as well
    return not head and (not any(last) or ordered[0] == LOOP or ordered == b"\0\0\0\1")


def listening() -> frozenset[int]:
    """Return every port that somebody listens on."""
    return frozenset(each.port for each in listeners())


def held(inodes: frozenset[str], pids: Iterable[int]) -> tuple[dict[int, set[str]], set[int]]:
    """Return which of some processes hold which of the sockets, and those that could not be read.

    A process that ends meanwhile holds nothing. Root of a container can often list what a process
    of another account has open, and not read what it is.
    """
    found: dict[int, set[str]] = {}
    unread: set[int] = set()
    wanted = {f"socket:[{inode}]": inode for inode in inodes}
    for pid in pids:
        try:
            places = [_place(f"/proc/{pid}/fd/{name}") for name in os.listdir(f"/proc/{pid}/fd")]
        except PermissionError:
            unread.add(pid)
            continue
        except OSError:
            continue
        has = {wanted[place] for place in places if place in wanted}
        if has:
            found[pid] = has
    return found, unread


def _place(link: str) -> str:
    """Return where a link leads, "" when it is gone.

    Raises:
        PermissionError: it is there, and not for us.
    """
    try:
        return os.readlink(link)
    except PermissionError:
        raise
    except OSError:
        return ""
