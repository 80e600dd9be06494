"""Does a PostgreSQL server take connections? Its own first words say so; no tool, no password."""

from __future__ import annotations

import os
import socket
import struct
import time
from typing import Any

from ..errors import HostError

PROTOCOL = 196608
"""Version 3.0 of the protocol: what every server since 7.4 speaks."""

TRUSTED = (b"R", b"\0\0\0\0")
"""The message that asks for no password."""

REFUSING = ("57P03", "53300", "58", "XX")
"""States of errors by which a server says that it is of no use now: it starts, stops, recovers,
is full, or finds its own files broken. Others are about who asks, and prove that it answers."""

MOST = 64 * 1024


def answer(question: dict[str, Any]) -> dict[str, Any]:
    """Return `problem`, "" when the server of `host`, `port`, `user` and `name` takes connections.

    What it answers after that is between it and its clients: who we are does not matter.
    """
    started = time.monotonic()
    where = f"{question['host']}, port {question['port']}"
    try:
        said = greeted(question)
    except OSError as error:
        words = error.strerror or str(error) or type(error).__name__
        return {"problem": f"no database answers at {where}: {words}", "seconds": 0.0}
    except HostError as problem:
        said = problem.message
    problem_said = f"the database at {where} says: {said}" if said else ""
    return {"problem": problem_said, "seconds": time.monotonic() - started}


def greeted(question: dict[str, Any]) -> str:
    """Return what a server has against connections, "" when it has nothing.

    Raises:
        OSError: nobody listens, or nobody answers in time.
        HostError: who listens is no PostgreSQL.
    """
    with connected(question) as line:
        line.sendall(startup(question["user"] or "postgres", question["name"]))
        kind, body = message(line)
        if (kind, body) == TRUSTED:  # it goes on, and may still find that there is no such database
            kind, body = message(line)
            kind = kind if kind == b"E" else b"R"
    if kind not in b"RE":
        raise HostError("what no PostgreSQL says", "correct host and port in [database]")
    fields = {part[:1]: part[1:].decode("utf-8", "replace") for part in body.split(b"\0") if part}
    state = fields.get(b"C", "")
    useless = kind == b"E" and (state.startswith(REFUSING) or state == "3D000")
    return f"{fields.get(b'M', 'an error')} ({state})" if useless else ""


def connected(question: dict[str, Any]) -> socket.socket:
    """Return a connection to the server: its socket in a directory, or a host's port."""
    if not question["host"].startswith("/"):
        return socket.create_connection(
            (question["host"], question["port"]), timeout=question["timeout"]
        )
    line = socket.socket(socket.AF_UNIX)
    line.settimeout(question["timeout"])
    try:
        line.connect(os.path.join(question["host"], f".s.PGSQL.{question['port']}"))
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
        raise HostError("what no PostgreSQL says", "correct host and port in [database]")
    return head[:1], exactly(line, size)


def exactly(line: socket.socket, size: int) -> bytes:
    """Return so many bytes."""
    got = b""
    while len(got) < size:
        piece = line.recv(size - len(got))
        if not piece:
            raise ConnectionResetError("it hung up")
        got += piece
    return got
