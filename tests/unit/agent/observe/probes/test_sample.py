"""Probes against real peers on loopback: healthy, lying, silent, trickling, gone."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from pytest_rollback.agent.messages.probes.sample import ProbeRequest, ProbeResult, ProbeSpec
from pytest_rollback.agent.observe.probes import sample
from pytest_rollback.manifest import model as manifest
from pytest_rollback.manifest import requests

Handler = Callable[[BaseHTTPRequestHandler], None]


@contextmanager
def web(handle: Handler) -> Iterator[str]:
    """Yield the URL of a server whose every request is handled by a function."""

    class Handling(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        connections = 0

        def setup(self) -> None:
            super().setup()
            type(self).connections += 1

        def do_GET(self) -> None:
            handle(self)

        do_POST = do_GET  # noqa: N815 - http.server wants these names

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handling)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/health"
    finally:
        server.shutdown()
        server.server_close()


def reply(status: int, body: bytes, **headers: str) -> Handler:
    """Return a handler that always answers the same."""

    def handle(request: BaseHTTPRequestHandler) -> None:
        request.rfile.read(int(request.headers.get("Content-Length", 0)))
        request.send_response(status)
        request.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(body)

    return handle


@contextmanager
def peer(talk: Callable[[socket.socket], None]) -> Iterator[int]:
    """Yield the port of a TCP server that gives each connection to a function."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                threading.Thread(target=talk, args=(connection,), daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


def ask(samples: int = 1, **probe: Any) -> ProbeResult:  # noqa: ANN401 - any field of a probe
    """Ask a probe."""
    return sample.ask(ProbeRequest(ProbeSpec(**probe), samples))


def test_a_healthy_answer_is_timed_over_one_connection() -> None:
    """All samples are answered, over one kept connection, with the client's own share beside."""
    callers: set[Any] = set()

    def handle(request: BaseHTTPRequestHandler) -> None:
        callers.add(request.client_address)
        reply(200, b'{"status": "ok"}')(request)

    with web(handle) as url:
        answer = ask(20, url=url, body='"status": ?"ok"')

    assert (answer.answered, answer.failed, answer.problem) == (20, 0, None)
    assert len(answer.samples_ms) == 20
    assert len(callers) == 1
    assert 0 < (answer.overhead_ms or 0) < 1000  # it is given a second


def test_the_first_of_many_samples_is_thrown_away() -> None:
    """A slow first answer, as after a cold start, is not among the times."""
    seen: list[int] = []

    def handle(request: BaseHTTPRequestHandler) -> None:
        seen.append(1)
        time.sleep(1.5 if len(seen) == 1 else 0)
        reply(200, b"ok")(request)

    with web(handle) as url:
        answer = ask(5, url=url, timeout=60.0)

    assert len(seen) == 1 + 5
    assert max(answer.samples_ms) < 1500


@pytest.mark.parametrize(
    ("handler", "probe", "words"),
    [
        (reply(503, b"down"), {}, "answered 503, not 200"),
        (reply(200, b"degraded"), {"reject": "degraded"}, "matches 'degraded'"),
        (reply(200, b"fine"), {"body": "ok"}, "does not match 'ok'"),
        (
            reply(302, b"", Location="http://127.0.0.1:1/ok?token=secret"),
            {},
            "answered 302 (to http://127.0.0.1:1/ok), not 200",
        ),
    ],
    ids=["status", "rejected", "body", "redirect"],
)
def test_an_answer_that_is_not_wanted_is_a_failure(
    handler: Handler, probe: dict[str, Any], words: str
) -> None:
    """Status, body, rejection and redirects each make a failure of its own words."""
    with web(handler) as url:
        answer = ask(1, url=url, **probe)

    assert (answer.answered, answer.failed) == (0, 1)
    assert words in str(answer.problem)


def test_a_redirect_is_not_followed() -> None:
    """The place that an answer redirects to is never asked."""
    asked: list[str] = []

    def handle(request: BaseHTTPRequestHandler) -> None:
        asked.append(request.path)
        reply(302, b"", Location="/elsewhere")(request)

    with web(handle) as url:
        ask(1, url=url)

    assert asked == ["/health"]


def test_json_is_sent_with_its_type_and_the_headers() -> None:
    """A probe's JSON arrives, under its content type, with the probe's own headers."""
    got: list[tuple[str | None, str | None, bytes]] = []

    def handle(request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers["Content-Length"]))
        got.append((request.headers["Content-Type"], request.headers["X-Test"], body))
        request.send_response(204)
        request.end_headers()

    with web(handle) as url:
        described = manifest.Probe(
            url=url, method="POST", json={"query": "x"}, headers={"X-Test": "1"}
        )
        sample.ask(ProbeRequest(requests.probe(described)))

    assert got == [("application/json", "1", b'{"query": "x"}')]


SILENT = 60.0


def silence(connection: socket.socket) -> None:
    """Take a connection and never answer."""
    time.sleep(SILENT)
    connection.close()


def trickle(connection: socket.socket) -> None:
    """Answer one byte at a time, for ever."""
    connection.recv(4096)
    try:
        connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
        while True:
            connection.sendall(b"a")
            time.sleep(0.05)
    except OSError:
        connection.close()


@pytest.mark.parametrize("talk", [silence, trickle])
def test_a_peer_that_does_not_finish_is_given_up(talk: Callable[[socket.socket], None]) -> None:
    """Silence and a trickle both end at the timeout, and after three of them nobody asks on."""
    started = time.monotonic()
    with peer(talk) as port:
        answer = ask(100, url=f"http://127.0.0.1:{port}/", timeout=0.3)

    assert "no answer within 0.3 s" in str(answer.problem)
    assert answer.failed == 3
    assert time.monotonic() - started < SILENT


def test_a_peer_that_is_gone_is_said_so() -> None:
    """A refused connection is a failure in words."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    answer = ask(1, url=f"http://127.0.0.1:{port}/")

    assert answer.problem == "no answer: Connection refused"


def test_a_kept_connection_that_was_closed_is_opened_again() -> None:
    """A peer that hangs up after each answer fails no sample."""

    def handle(request: BaseHTTPRequestHandler) -> None:
        reply(200, b"ok")(request)
        request.close_connection = True

    with web(handle) as url:
        answer = ask(10, url=url)

    assert (answer.answered, answer.failed) == (10, 0)


def test_a_failing_warm_up_counts() -> None:
    """The first answer is thrown away for its time only: its failure is reported."""
    seen: list[int] = []

    def handle(request: BaseHTTPRequestHandler) -> None:
        seen.append(1)
        reply(500 if len(seen) == 1 else 200, b"ok")(request)

    with web(handle) as url:
        answer = ask(5, url=url)

    assert (answer.answered, answer.failed) == (5, 1)
    assert answer.problem == "answered 500, not 200"


def test_all_samples_together_have_a_deadline() -> None:
    """A slow peer gives fewer samples, not a longer wait."""

    def handle(request: BaseHTTPRequestHandler) -> None:
        time.sleep(0.2)
        reply(200, b"ok")(request)

    with web(handle) as url:
        answer = sample.ask(ProbeRequest(ProbeSpec(url), 100, deadline=1.0))

    assert 1 <= answer.answered <= 6


def test_tcp_connects_sends_and_reads() -> None:
    """A TCP probe sends its words and is judged by what comes back."""

    def talk(connection: socket.socket) -> None:
        with connection:
            connection.sendall(b"+PONG\r\n" if connection.recv(100) == b"PING\r\n" else b"-ERR\r\n")

    with peer(talk) as port:
        good = ask(3, tcp=f"127.0.0.1:{port}", send="PING\r\n", body="PONG")
        bad = ask(1, tcp=f"127.0.0.1:{port}", send="?", body="PONG")
        bare = ask(1, tcp=f"127.0.0.1:{port}")

    assert (good.answered, bare.answered) == (3, 1)
    assert bad.problem == "the answer does not match 'PONG'"


def test_tcp_that_says_nothing_is_given_up() -> None:
    """A TCP peer that is expected to speak and does not is a failure in time."""
    with peer(silence) as port:
        answer = ask(1, tcp=f"127.0.0.1:{port}", body="ready", timeout=0.3)

    assert answer.problem == "no answer within 0.3 s"


def test_a_unix_socket_is_an_address_too(tmp_path_factory: pytest.TempPathFactory) -> None:
    """An address that starts with a slash is a unix socket."""
    path = str(tmp_path_factory.mktemp("s") / "s")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen()
        answer = ask(1, tcp=path)

    assert answer.answered == 1


def test_a_command_is_judged_by_its_code_and_output() -> None:
    """A command answers with its exit code and what it prints."""
    good = ask(3, command=("echo", "ready"), body="ready")
    bad = ask(1, command=("false",))
    late = ask(1, command=("sleep", "30"), timeout=0.2)

    assert (good.answered, good.status) == (3, 0)
    assert good.overhead_ms
    assert bad.problem == "answered 1 (exit code 1), not 0"
    assert late.problem == "no answer within 0.2 s"


def test_a_body_that_is_no_text_is_still_an_answer() -> None:
    """Bytes that are not UTF-8 neither raise nor lose the answer."""
    with web(reply(200, b"\xff\xfeok")) as url:
        assert ask(1, url=url, body="ok").answered == 1
