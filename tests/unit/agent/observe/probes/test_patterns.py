"""What a peer writes keeps no probe busy: patterns end in time, and so does a trickle."""

from __future__ import annotations

import socket
import threading
import time
from typing import TYPE_CHECKING

import pytest

from pytest_rollback.agent.messages.probes.edge import WatchedEdge, WatchRequest
from pytest_rollback.agent.messages.probes.measurement import MeasureRequest
from pytest_rollback.agent.messages.probes.sample import ProbeSpec
from pytest_rollback.agent.observe.logs.timelimit import Slow
from pytest_rollback.agent.observe.probes import edge, measurement, patterns
from tests.unit.agent.observe.probes.test_sample import ask, peer, reply
from tests.unit.agent.observe.probes.test_sample import web as served

if TYPE_CHECKING:
    from collections.abc import Callable

PATTERN = r"^(\w+\s?)+$"
"""Its author tried it on answers that match."""

HOSTILE = b"a" * 60 + b"!"
LONG = 10.0
"""Seconds in which each of these has long come to its end."""


@pytest.mark.parametrize("key", ["body", "reject"])
def test_a_pattern_that_an_answer_keeps_busy_is_told(key: str) -> None:
    """The words blame pattern and answer, not the connection; nothing is taken for met."""
    started = time.monotonic()
    with served(reply(200, HOSTILE)) as url:
        answer = ask(url=url, **{key: PATTERN})

    assert f"the answer, 61 letters, keeps the pattern {PATTERN!r} busy" in str(answer.problem)
    assert "not judged" in str(answer.problem)
    assert time.monotonic() - started < LONG


def test_a_large_answer_is_judged_in_time() -> None:
    """A mebibyte, and a pattern whose time grows with the square of it."""
    started = time.monotonic()
    with served(reply(200, b" " * (1 << 20) + b"!")) as url:
        answer = ask(url=url, body=r"\s+ok")

    assert "busy for more than 1 s" in str(answer.problem)
    assert time.monotonic() - started < LONG


def test_patterns_end_where_several_probes_are_measured() -> None:
    """No signal reaches a thread: another process is given the time."""
    started = time.monotonic()
    with served(reply(200, HOSTILE)) as url:
        probe = ProbeSpec(url=url, body=PATTERN, concurrency=2, samples=2)
        found = measurement.measure(MeasureRequest({"web": probe}, 5.0)).probes["web"]

    assert "busy" in str(found.problem)
    assert time.monotonic() - started < 3 * LONG


@pytest.mark.parametrize("way", ["here", "apart"])
@pytest.mark.parametrize(
    ("pattern", "text", "is_there"),
    [("ok", "not ok", True), ("o.k", "ok", False), (r'"status": ?"ok"', '"status":"ok"', True)],
)
def test_patterns_are_looked_for_alike(
    pattern: str,
    text: str,
    is_there: bool,  # noqa: FBT001
    way: str,
) -> None:
    """In the main thread and in another one, expressions and plain words."""
    found: list[bool] = []
    task = threading.Thread(target=lambda: found.append(patterns.found(pattern, text)))
    if way == "apart":
        task.start()
        task.join()
    else:
        task.run()

    assert found == [is_there]


def test_the_edge_is_an_error_where_a_pattern_does_not_end() -> None:
    """It says so."""
    with served(reply(200, HOSTILE)) as url:
        found = edge.watch(WatchRequest(WatchedEdge(url, body=PATTERN), 0.2))

    assert {each[2] for each in found.samples} == {"error"}
    assert "busy" in str(found.problem)
    with pytest.raises(Slow):
        patterns.found(PATTERN, HOSTILE.decode())


def trickling(head: bytes) -> Callable[[socket.socket], None]:
    """Return a peer that answers one byte at a time, for ever."""

    def talk(connection: socket.socket) -> None:
        connection.recv(4096)
        try:
            connection.sendall(head)
            while True:
                connection.sendall(b"a")
                time.sleep(0.01)
        except OSError:
            connection.close()

    return talk


@pytest.mark.parametrize("way", ["tcp", "http"])
@pytest.mark.parametrize("wanted", [{"body": "b+c"}, {"reject": "b+c"}])
def test_a_peer_that_trickles_is_judged_when_time_is_up(way: str, wanted: dict[str, str]) -> None:
    """Each byte comes in time, and the whole never does."""
    started = time.monotonic()
    with peer(trickling(b"HTTP/1.1 200 OK\r\n\r\n" if way == "http" else b"")) as port:
        if way == "http":
            answer = ask(url=f"http://127.0.0.1:{port}/", timeout=0.4, **wanted)
        else:
            answer = ask(tcp=f"127.0.0.1:{port}", send="x", timeout=0.4, **wanted)

    assert time.monotonic() - started < LONG
    assert answer.problem is not None or (way == "tcp" and "reject" in wanted)
