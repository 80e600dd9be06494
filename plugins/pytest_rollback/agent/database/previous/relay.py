"""From the places where a release looks for its database, to the throw-away server.

What listens was made in the network and among the files of the release; what is connected to lies
outside of both. One process passes bytes on, and ends with whoever started it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
from typing import Callable, List, NamedTuple, NoReturn

from ...files.parallel import NUMBERS
from ...system.namespaces import kernel

BLOCK = 1 << 16


class DatabasePlaces(NamedTuple):
    """Where a release may look for its database: directories of a socket, and addresses.

    `names` are host names, `addresses` those that are not this machine's own; `port` is of all.
    """

    directories: List[str]
    addresses: List[str]
    names: List[str]
    port: int


def places(host: str, port: int) -> DatabasePlaces:
    """Return where a database is looked for that is at a directory with a socket, or at a host."""
    usual = ["/var/run/postgresql", "/tmp"]  # noqa: S108 - where clients look by themselves
    if host.startswith("/"):
        return DatabasePlaces(list(dict.fromkeys([host, *usual])), [], [], port)
    try:
        socket.inet_aton(host)
        local = host.startswith("127.")
        return DatabasePlaces(usual, [] if local else [host], [], port)
    except OSError:
        return DatabasePlaces(usual, [], [] if host in ("localhost", "::1") else [host], port)


def listening(wanted: DatabasePlaces) -> List[socket.socket]:
    """Listen at all places, of the namespaces in which this process is."""
    found = []
    for family, address in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::1")):  # noqa: S104
        with contextlib.suppress(OSError):  # a kernel without IPv6
            found.append(socket.socket(family))
            found[-1].setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            found[-1].bind((address, wanted.port))
            found[-1].listen()
    for each in wanted.directories:
        path = f"{each}/.s.PGSQL.{wanted.port}"
        with contextlib.suppress(OSError):
            os.makedirs(each, 0o755, exist_ok=True)
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)
            found.append(socket.socket(socket.AF_UNIX))
            found[-1].bind(path)
            os.chmod(path, 0o777)  # noqa: S103 - each component's account connects
            found[-1].listen()
    return found


def started(numbers: List[int], path: str, become: Callable[[], None]) -> int:
    """Pass on what comes in at listening sockets to the one at a path; return the process.

    Args:
        numbers: the open sockets.
        path: of the server's socket.
        become: makes the process the server's account.
    """
    parent = os.getpid()
    pid = os.fork()
    if pid:
        return pid
    try:
        serve(numbers, path, become, parent)
    finally:
        os._exit(0)


def serve(numbers: List[int], path: str, become: Callable[[], None], parent: int) -> NoReturn:
    """Pass on for ever; the kernel ends this process with its parent."""
    os.setsid()
    kept = set(numbers)
    for number in range(3, NUMBERS):
        if number not in kept:
            with contextlib.suppress(OSError):
                os.close(number)
    become()
    kernel.dies_with(parent)
    ends = [socket.socket(fileno=number) for number in numbers]
    for each in ends:
        threading.Thread(target=accept, args=(each, path), daemon=True).start()
    while True:
        signal.pause()


def accept(end: socket.socket, path: str) -> None:
    """Take each connection, and have two threads for it."""
    while True:
        inner, _ = end.accept()
        outer = socket.socket(socket.AF_UNIX)
        try:
            outer.connect(path)
        except OSError:
            inner.close()
            continue
        for one, other in ((inner, outer), (outer, inner)):
            threading.Thread(target=passed, args=(one, other), daemon=True).start()


def passed(one: socket.socket, other: socket.socket) -> None:
    """Pass on what one says, until it is closed."""
    with contextlib.suppress(OSError):
        while True:
            said = one.recv(BLOCK)
            if not said:
                break
            other.sendall(said)
    with contextlib.suppress(OSError):
        other.shutdown(socket.SHUT_WR)
