"""What users get while the maintenance page is gone from the host and stays at the edge."""

from __future__ import annotations

import http.server
import threading
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_rollback.agent.messages.probes.sample import ProbeRequest, ProbeResult, ProbeSpec
from pytest_rollback.agent.messages.rollback.maintenance import PageState
from pytest_rollback.agent.observe.probes import sample
from pytest_rollback.agent.observe.probes.edge import judged
from pytest_rollback.errors import Refused
from pytest_rollback.fixtures.live_state import UsersView
from pytest_rollback.manifest import requests
from pytest_rollback.manifest.load import parse
from suites.validate.test_lifted import test_maintenance_is_lifted as lifted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_rollback.manifest.model import System

PAGE = "<h1>Back\n  soon</h1> we repair the shop"
SYSTEM = "the shop"
GONE = PageState(exists=False, kind="absent", ours=False, edge=None, reloaded=True)


class Edge(http.server.BaseHTTPRequestHandler):
    """Answers with what its server holds: by default, and for one who asks past caches."""

    def log_message(self, *words: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """Answer."""
        is_past = "rollback=" in self.path
        status, body = self.server.answers[is_past]  # type: ignore[attr-defined] - ours
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body.encode())

    do_POST = do_GET  # noqa: N815 - as http.server has it


@pytest.fixture
def server() -> Iterator[http.server.ThreadingHTTPServer]:
    """An edge."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Edge) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def described(server: http.server.ThreadingHTTPServer, **more: object) -> System:
    """Return a system with this edge, whose page is said to have a status of 503."""
    document = tomllib.loads((Path(__file__).parents[3] / "rollback.toml").read_text())
    document["edge"] = {"url": f"http://127.0.0.1:{server.server_port}/", **more}
    document["maintenance"] = {"page": "/var/www/page.html", "text": PAGE}
    return parse(document, "rollback.toml")


def asked(system: System) -> UsersView:
    """Return what users get."""

    def got(probe: ProbeSpec) -> ProbeResult:
        return sample.ask(ProbeRequest(probe))

    assert system.edge
    return UsersView(
        GONE,
        got(requests.edge_probe(system, system.edge)),
        got(requests.uncached_probe(system, system.edge)),
    )


@pytest.mark.parametrize(
    ("plain", "past", "said"),
    [
        ((200, SYSTEM), (200, SYSTEM), ""),
        ((200, SYSTEM), (404, "no such page"), ""),
        ((200, PAGE), (200, SYSTEM), "users get its text"),
        ((503, PAGE), (200, SYSTEM), "answers wrongly"),
        ((200, f"<body>{PAGE.upper()} {PAGE}"), (200, SYSTEM), "users get its text"),
        ((200, SYSTEM), (200, PAGE), "past what a cache still has"),
        ((200, "something else"), (200, SYSTEM), "answers wrongly"),
        ((302, ""), (302, ""), "answers wrongly"),
    ],
)
def test_lifted_is_what_users_get(
    server: http.server.ThreadingHTTPServer,
    plain: tuple[int, str],
    past: tuple[int, str],
    said: str,
) -> None:
    """A page that a cache or a second node keeps, with whatever status, is not lifted."""
    server.answers = (plain, past)  # type: ignore[attr-defined] - Edge reads it
    system = described(server, body="shop$", method="POST")
    view = asked(system)

    if not said:
        lifted(view, system, lambda _name, _value: None)
        return
    with pytest.raises(Refused, match=said):
        lifted(view, system, lambda _name, _value: None)


def test_the_prober_calls_it_the_page_as_well(server: http.server.ThreadingHTTPServer) -> None:
    """Whatever its status is."""
    system = described(server, body="shop$")
    assert system.edge
    edge = requests.watched_edge(system, system.edge)

    assert judged(200, f"<body> {PAGE} </body>", edge)[0] == "maintenance"
    assert judged(200, SYSTEM, edge)[0] == "up"
    assert judged(200, "something else", edge)[0] == "error"
