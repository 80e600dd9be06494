"""Peers that answer oddly, and what is measured of them: nothing hangs, nothing is made up."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_rollback.agent.messages.probes.measurement import MeasureRequest
from pytest_rollback.agent.messages.probes.sample import ProbeRequest, ProbeSpec
from pytest_rollback.agent.observe.probes import client as probes_client
from pytest_rollback.agent.observe.probes import http as probes_http
from pytest_rollback.agent.observe.probes import measurement, sample
from pytest_rollback.agent.observe.probes.client import EVERY, Watch
from pytest_rollback.agent.services.supervisor_rpc import Transport
from pytest_rollback.manifest import model as manifest
from pytest_rollback.manifest import requests
from tests.unit.agent.observe.probes.test_sample import peer, reply
from tests.unit.agent.observe.probes.test_sample import web as served

if TYPE_CHECKING:
    from http.server import BaseHTTPRequestHandler


def test_of_an_endless_answer_no_more_is_read_than_is_looked_at() -> None:
    """The connection goes with the rest of it; the next question has one of its own."""
    callers: set[Any] = set()

    def handle(request: BaseHTTPRequestHandler) -> None:
        callers.add(request.client_address)
        reply(200, b"x" * (probes_http.MOST + 10))(request)

    with served(handle) as url:
        client = probes_http.Http(ProbeSpec(url))
        first, second = client.ask(), client.ask()
        client.close()

    assert len(first.body) == len(second.body) == probes_http.MOST
    assert len(callers) == 2


def test_a_content_type_that_was_stated_is_kept() -> None:
    """A body of JSON is called so only where the probe does not say what it is."""
    seen: list[tuple[str, str]] = []

    def handle(request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers["Content-Length"])).decode()
        seen.append((request.headers["Content-Type"], json.loads(body)["a"]))
        request.send_response(204)
        request.end_headers()

    own = {"content-type": "application/vnd.shop+json"}
    with served(handle) as url:
        for headers in (own, dict[str, str]()):
            described = manifest.Probe(
                url=url, method="POST", json={"a": "b"}, status=204, headers=headers
            )
            assert sample.ask(ProbeRequest(requests.probe(described))).problem is None

    assert seen == [(own["content-type"], "b"), ("application/json", "b")]


def test_a_peer_that_stops_in_the_middle_is_judged_by_what_it_said() -> None:
    """What came in time is the answer, though it is not the one that was wanted."""

    def talk(connection: socket.socket) -> None:
        connection.sendall(b"hello")
        time.sleep(2)
        connection.close()

    with peer(talk) as port:
        probe = ProbeSpec(tcp=f"127.0.0.1:{port}", body="goodbye", timeout=0.3)
        answer = sample.ask(ProbeRequest(probe))

    assert answer.problem == "the answer does not match 'goodbye'"
    assert answer.body == "hello"


def test_a_socket_that_nobody_listens_on_gives_no_answer(tmp_path: Path) -> None:
    """It is told in the words of the system, and no descriptor is left open."""
    path = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
    before = len(list(Path("/proc/self/fd").iterdir()))
    answer = sample.ask(ProbeRequest(ProbeSpec(tcp=path, timeout=0.3)))

    assert answer.problem == "no answer: Connection refused"
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_deadline_that_passes_before_there_is_a_connection_counts() -> None:
    """There is nothing to cut yet, and the answer is late all the same."""
    watch, connection = Watch(), http.client.HTTPConnection("127.0.0.1", 1)
    watch.begin(connection, 0.01)
    until = time.monotonic() + 20
    while not watch.fired and time.monotonic() < until:
        time.sleep(EVERY)
    watch.stop()

    assert watch.fired
    assert connection.sock is None


def test_a_way_to_ask_has_to_be_one() -> None:
    """What all of them have in common asks nothing by itself."""
    with pytest.raises(NotImplementedError):
        probes_client.Client(ProbeSpec()).ask()


def test_time_that_is_up_ends_a_measurement() -> None:
    """There is one answer at least, and no more are waited for."""
    with served(reply(200, b"ok")) as url:
        probe = ProbeSpec(url=url, timeout=1.0, samples=50)
        found = measurement.measure(MeasureRequest({"web": probe}, -1.0)).probes["web"]

    assert 1 <= len(found.samples_ms) < 50
    assert found.problem is None


def test_one_connection_serves_all_calls(tmp_path: Path) -> None:
    """As long as it is open; after its end there is another one."""
    transport = Transport(str(tmp_path / "s"))
    first = transport.make_connection("supervisord")
    assert transport.make_connection("supervisord") is first
    transport.close()

    assert transport.make_connection("supervisord") is not first


def test_connections_do_not_pile_up_behind_a_slow_peer() -> None:
    """One that takes a connection each few milliseconds has all of them answered in time."""

    def slowly(server: socket.socket) -> None:
        while True:
            try:
                taken, _ = server.accept()
            except OSError:
                return
            with taken:
                while taken.recv(64):
                    pass
            time.sleep(0.005)

    with socket.create_server(("127.0.0.1", 0), backlog=1) as server:
        threading.Thread(target=slowly, args=(server,), daemon=True).start()
        address = f"127.0.0.1:{server.getsockname()[1]}"
        found = sample.measured(ProbeSpec(tcp=address, timeout=0.5), 60, time.monotonic() + 30)
        server.shutdown(socket.SHUT_RDWR)

    assert (len(found.times), found.failed) == (60, 0)
    assert max(found.times) < 500


def test_a_system_that_serves_one_user_at_a_time_is_told() -> None:
    """One after the other all is right; together, some are turned away."""
    busy = threading.Semaphore(1)

    def handle(request: BaseHTTPRequestHandler) -> None:
        if not busy.acquire(blocking=False):
            reply(503, b"busy")(request)
            return
        time.sleep(0.01)
        reply(200, b"ok")(request)
        busy.release()

    with served(handle) as url:
        alone = ProbeSpec(url, samples=50)
        asked = {"alone": alone, "together": alone._replace(concurrency=4)}
        found = measurement.measure(MeasureRequest(asked, 30.0)).probes

    assert (found["alone"].failed, found["alone"].problem) == (0, None)
    assert found["together"].failed
    assert found["together"].problem == "with 4 at a time: answered 503, not 200"
