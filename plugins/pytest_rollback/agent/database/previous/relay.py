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


class RelayProcess(NamedTuple):
    """The process that passes on, and an open file that has a byte for each connection to it."""

    pid: int
    taken: int

    def ended(self) -> int:
        """End it; return how many connections it has passed on."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        with os.fdopen(self.taken, "rb") as file:  # nobody else has the other end now
            return len(file.read())


def started(numbers: List[int], path: str, become: Callable[[], None]) -> RelayProcess:
    """Pass on what comes in at listening sockets to the one at a path; return the process.

    Args:
        numbers: the open sockets.
        path: of the server's socket.
        become: makes the process the server's account.
    """
    taken, takes = os.pipe()
    parent = os.getpid()
    pid = os.fork()
    if pid:
        os.close(takes)
        return RelayProcess(pid, taken)
    try:
        os.set_blocking(takes, False)
        serve(Relayed(numbers, path, takes), become, parent)
    finally:
        os._exit(0)


class Relayed(NamedTuple):
    """From which sockets, by their numbers, to which path; and where each connection is noted."""

    numbers: List[int]
    path: str
    takes: int


def serve(relayed: Relayed, become: Callable[[], None], parent: int) -> NoReturn:
    """Pass on for ever; the kernel ends this process with its parent."""
    os.setsid()
    kept = {*relayed.numbers, relayed.takes}
    for number in range(3, NUMBERS):
        if number not in kept:
            with contextlib.suppress(OSError):
                os.close(number)
    become()
    kernel.dies_with(parent)
    ends = [socket.socket(fileno=number) for number in relayed.numbers]
    for each in ends:
        threading.Thread(target=accept, args=(each, relayed), daemon=True).start()
    while True:
        signal.pause()


def accept(end: socket.socket, relayed: Relayed) -> None:
    """Take and note each connection, and have two threads for it."""
    while True:
        inner, _ = end.accept()
        outer = socket.socket(socket.AF_UNIX)
        try:
            outer.connect(relayed.path)
        except OSError:
            inner.close()
            continue
        with contextlib.suppress(BlockingIOError):  # who has noted 65,536 of them
            os.write(relayed.takes, b".")
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
