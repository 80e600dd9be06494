"""Whether a PostgreSQL takes connections, asked of a real one, of nobody, and of something else."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from pytest_rollback.agent.database.messages import DatabaseAccess, PingRequest
from pytest_rollback.agent.database.postgresql.ping import answer
from pytest_rollback.extras.sandbox.common.postgres import Postgres
from tests.unit.support.dumped import server


@pytest.fixture(scope="module")
def database() -> Iterator[Postgres]:
    """A real server for all tests of this file."""
    with server() as found:
        yield found


def asked(host: str, port: int, name: str = "postgres", timeout: float = 5.0) -> str:
    """Return what is wrong with a server."""
    database = DatabaseAccess(name, "", host, port, "", "", "")
    return answer(PingRequest(database, timeout)).problem


def test_a_server_that_runs_answers(database: Postgres) -> None:
    """By its socket's directory; who asks does not matter."""
    assert asked(str(database.socket), database.port) == ""


def test_a_database_that_is_gone_is_told(database: Postgres) -> None:
    """The server runs, and what the system needs of it is not there."""
    said = asked(str(database.socket), database.port, "gone")

    assert 'database "gone" does not exist (3D000)' in said


def test_nobody_listens() -> None:
    """Neither at a socket nor at a port."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]

    assert "Connection refused" in asked("127.0.0.1", port)
    assert "No such file" in asked("/nonexistent", 5432)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "not an answer of PostgreSQL"),
        (b"N\0\0\0\x08\0\0\0\0", "not an answer of PostgreSQL"),
        (b"E\0\0\0\x20SFATAL\0C57P03\0Mstarting up\0\0", "starting up (57P03)"),
        (b"E\0\0\0\x19SFATAL\0C28000\0Mwho?\0\0", ""),
        (b"R\0", "connection closed"),
        (b"", "connection closed"),
    ],
)
def test_what_is_said_is_understood(words: bytes, said: str) -> None:
    """A server that starts is of no use; one that asks who we are is; the rest is none."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=once, args=(listener, words), daemon=True).start()
        found = asked("127.0.0.1", listener.getsockname()[1])

    assert said in found
    assert bool(found) == bool(said)


def test_one_that_says_nothing_is_given_up() -> None:
    """In bounded time."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        assert "timed out" in asked("127.0.0.1", listener.getsockname()[1], timeout=0.2)


def once(listener: socket.socket, words: bytes) -> None:
    """Answer one client."""
    peer, _ = listener.accept()
    with peer:
        peer.recv(4096)
        peer.sendall(words)
