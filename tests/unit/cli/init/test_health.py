"""What tells a healthy answer: words that mean good, and nothing that might be a secret."""

from __future__ import annotations

import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from pytest_rollback.agent.messages.probes.sample import ProbeResult
from pytest_rollback.cli.init import host
from pytest_rollback.cli.init.health import NOWHERE, PATHS, found, limited, paths, pattern
from pytest_rollback.transport.connection import Connection
from tests.unit.cli.init.hosts import health, survey, unit


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ('{"status": "ok"}', '"status": ?"ok"'),
        ('{"version": 3, "state":"fine"}', '"state": ?"fine"'),
        ('{"healthy": true}', '"healthy": ?true'),
        ('{"healthy": false}', ""),
        ('{"status": "tok_4f9a8b7c6d5e"}', ""),
        ('{"token": "tok_4f9a8b7c6d5e"}', ""),
        ('{"status": "UP", "parts": [' + '"x", ' * 100, '"status": ?"UP"'),
        ("OK\n", "^OK"),
        ("pong", "^pong"),
        ("tok_4f9a8b7c6d5e", ""),
        ("<html><title>Shop (1)</title>", r"<title>Shop\ \(1\)"),
        ('["ok"]', ""),
        ("", ""),
    ],
)
def test_only_good_words_are_taken(body: str, found: str) -> None:
    """Of JSON, also where it was cut; of a word; of the title of a page."""
    assert pattern(body) == found


def said(**bodies: str) -> dict[str, ProbeResult]:
    """Return answers by address; one without a body is 404."""
    where = "http://localhost:80"
    found = {f"{where}{path}": ProbeResult((), 1, None, 404, "", None) for path in PATHS}
    found[f"{where}{NOWHERE}"] = found[f"{where}/"]
    named = {"health": "/health", "root": "/", "nowhere": NOWHERE}
    for name, body in bodies.items():
        found[f"{where}{named[name]}"] = ProbeResult((1.0,), 0, None, 200, body, None)
    return found


def test_who_answers_everything_is_asked_for_nothing_special() -> None:
    """A page that answers every path says nothing about health by its name."""
    where = "http://localhost:80"
    assert paths(said(health="ok", root="home"), where) == ["/health", "/"]
    assert paths(said(health="home", root="home", nowhere="home"), where) == ["/"]
    assert paths(said(health="ok", root="home", nowhere="home"), where) == ["/health"]


def test_a_slow_answer_gets_a_limit_with_room() -> None:
    """Four times what was seen, or the usual one."""
    quick = ProbeResult((1.0, 20.0), 0, None, 200, "", None)
    assert limited(health(), quick) == health()
    slow = limited(health(), quick._replace(samples_ms=(1.0, 120.0)))
    assert slow.keys[-1] == ("limit", "500ms", "2 answers took up to 120 ms")


class Busy(BaseHTTPRequestHandler):
    """Answers `/health`; whoever asks first waits longer than a URL is usually given."""

    begun = False

    def do_GET(self) -> None:
        """Answer, the first time late."""
        if not Busy.begun:
            Busy.begun = True
            time.sleep(host.EACH + 1)
        self.send_response(200 if self.path == "/health" else 404)
        self.end_headers()
        self.wfile.write(b'{"status": "ok"}')

    def log_message(self, *words: object) -> None:
        """Say nothing."""


@pytest.fixture
def busy() -> Iterator[int]:
    """The port of a service on a busy host."""
    Busy.begun = False
    with ThreadingHTTPServer(("127.0.0.1", 0), Busy) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def test_who_is_late_once_is_asked_again(busy: int) -> None:
    """A busy host is not described by its port alone."""
    web = unit("web", "/srv/shop", ports=(busy,))
    connection = Connection(host.placeholder("local://", sudo=False))
    try:
        (told,) = found(connection, survey(web), [web]).values()
    finally:
        connection.close()

    assert told.spec.url == f"http://localhost:{busy}/health"
    assert told.asks == ""


def test_of_whom_nothing_was_seen_nothing_is_said() -> None:
    """Where its sockets are not for us to see; what is likely is asked all the same."""
    hidden = unit("web", "/srv/shop", unseen=True)
    connection = Connection(host.placeholder("local://", sudo=False))
    try:
        (told,) = found(connection, survey(hidden), [hidden]).values()
    finally:
        connection.close()

    assert told.keys[0][2] == "where it listens was not seen: only the manager's word"
