"""Does a PostgreSQL server take connections? Told by its first answer; no tool, no password."""

from __future__ import annotations

import os
import socket
import struct
import time

from ...errors import HostError
from ..messages import Ping, PingRequest

PROTOCOL = 196608
"""Version 3.0 of the protocol: what every server since 7.4 speaks."""

TRUSTED = (b"R", b"\0\0\0\0")
"""The message that asks for no password."""

REFUSING = ("57P03", "53300", "58", "XX")
"""States of errors by which a server says that it is of no use now: it starts, stops, recovers,
is full, or finds its own files broken. Others are about who asks, and prove that it answers."""

MOST = 64 * 1024


def answer(request: PingRequest) -> Ping:
    """Return whether the server of a database takes connections.

    A server that refuses our role takes connections all the same: who we are does not matter.
    """
    started = time.monotonic()
    where = f"{request.database.host}, port {request.database.port}"
    try:
        refusal = refused(request)
    except OSError as error:
        words = error.strerror or str(error) or type(error).__name__
        return Ping(f"no database answers at {where}: {words}", 0.0)
    except HostError as problem:
        refusal = problem.message
    words = f"the database at {where} refused: {refusal}" if refusal else ""
    return Ping(words, time.monotonic() - started)


def refused(request: PingRequest) -> str:
    """Return what a server has against connections, "" when it has nothing.

    Raises:
        OSError: nobody listens, or nobody answers in time.
        HostError: who listens is no PostgreSQL.
    """
    database = request.database
    with connected(database.host, database.port, request.timeout) as line:
        line.sendall(startup(database.user or "postgres", database.name))
        kind, body = message(line)
        if (kind, body) == TRUSTED:  # it goes on, and may still find that there is no such database
            kind, body = message(line)
            kind = kind if kind == b"E" else b"R"
    if kind not in b"RE":
        raise HostError("not an answer of PostgreSQL", "correct host and port in [database]")
    fields = {part[:1]: part[1:].decode("utf-8", "replace") for part in body.split(b"\0") if part}
    state = fields.get(b"C", "")
    useless = kind == b"E" and (state.startswith(REFUSING) or state == "3D000")
    return f"{fields.get(b'M', 'an error')} ({state})" if useless else ""


def connected(host: str, port: int, timeout: float) -> socket.socket:
    """Return a connection to the server: its socket in a directory, or a host's port."""
    if not host.startswith("/"):
        return socket.create_connection((host, port), timeout=timeout)
    line = socket.socket(socket.AF_UNIX)
    line.settimeout(timeout)
    try:
        line.connect(os.path.join(host, f".s.PGSQL.{port}"))
    except BaseException:
        line.close()
        raise
    return line


def startup(user: str, name: str) -> bytes:
    """Return the first message of a client."""
    fields = (b"user", user.encode(), b"database", name.encode())
    body = struct.pack("!i", PROTOCOL) + b"".join(each + b"\0" for each in fields) + b"\0"
    return struct.pack("!i", len(body) + 4) + body


def message(line: socket.socket) -> tuple[bytes, bytes]:
    """Return one message of the server: its kind and what it holds."""
    head = exactly(line, 5)
    size = struct.unpack("!i", head[1:])[0] - 4
    if not 0 <= size <= MOST:
        raise HostError("not an answer of PostgreSQL", "correct host and port in [database]")
    return head[:1], exactly(line, size)


def exactly(line: socket.socket, size: int) -> bytes:
    """Return so many bytes."""
    got = b""
    while len(got) < size:
        piece = line.recv(size - len(got))
        if not piece:
            raise ConnectionResetError("connection closed")
        got += piece
    return got
