"""What the edge serves, beside what the components answer themselves."""

from __future__ import annotations

import http.server
import json
import threading
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_rollback.agent.messages.location import Location
from pytest_rollback.agent.messages.probes.sample import ProbeSpec
from pytest_rollback.agent.messages.probes.served import Served, ServedRequest
from pytest_rollback.agent.observe.probes import served
from pytest_rollback.manifest import requests
from pytest_rollback.manifest.load import parse

GATEWAY = {"service": "gateway", "version": "1.4.2", "status": "ok"}
RAG = {"service": "rag", "version": "7", "status": "ok"}
PLAIN = {"version": "1.4.2", "up": True}


class Answers(http.server.BaseHTTPRequestHandler):
    """Answers each path with what its server has for it."""

    def log_message(self, *words: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """Answer."""
        body = self.server.bodies.get(self.path)  # type: ignore[attr-defined] - ours
        self.send_response(200 if body is not None else 404)
        self.end_headers()
        self.wfile.write(body or b"")


@pytest.fixture
def server() -> Iterator[http.server.ThreadingHTTPServer]:
    """An edge and components, each by a path."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def look(
    server: http.server.ThreadingHTTPServer,
    home: Path,
    bodies: dict[str, object],
    edge: str = "/edge",
) -> Served:
    """Look at an edge; what is no text is JSON, and paths beside the edge's are components'."""
    said = {
        path: body if isinstance(body, bytes) else json.dumps(body).encode()
        for path, body in bodies.items()
    }
    server.bodies = said  # type: ignore[attr-defined] - Answers reads it
    url = f"http://127.0.0.1:{server.server_port}"
    direct = {path.strip("/"): ProbeSpec(url=url + path) for path in bodies if path != edge}
    where = Location(str(home / "root"), str(home / "state"), ".prev")
    return served.look(ServedRequest(where, (ProbeSpec(url=url + edge),), direct))


@pytest.mark.parametrize(
    ("edge", "said", "compared"),
    [
        (
            {**GATEWAY, "version": "1.5.0"},
            ["version is '1.5.0' at the edge, '1.4.2'"],
            1,
        ),
        (GATEWAY, [], 1),
        ({**GATEWAY, "uptime": 17}, [], 1),
        ({"service": "web", "version": "9"}, [], 0),
        ({**PLAIN, "version": "1.5.0"}, ["version is '1.5.0' at the edge, '1.4.2' of plain"], 1),
        ({"version": "1.5.0", "node": 2}, [], 0),
        ({"status": "ok"}, [], 0),
        (b"<h1>Shop 1.5.0</h1>", [], 0),
        ({**GATEWAY, "build": {"commit": "abc"}}, [], 1),
    ],
)
def test_the_release_at_the_edge_is_that_of_the_component(
    server: http.server.ThreadingHTTPServer,
    tmp_path: Path,
    edge: object,
    said: list[str],
    compared: int,
) -> None:
    """Of the one that names itself alike, or answers with the same keys; others say nothing."""
    found = look(
        server, tmp_path, {"/edge": edge, "/gateway": GATEWAY, "/rag": RAG, "/plain": PLAIN}
    )

    assert len(found.compared) == compared
    assert [line[: len(words)] for line, words in zip(found.findings, said, strict=True)] == said


def test_one_of_several_that_answer_alike_is_enough(
    server: http.server.ThreadingHTTPServer, tmp_path: Path
) -> None:
    """Components of several versions may be behind one edge."""
    bodies = {"/edge": PLAIN, "/a": {**PLAIN, "version": "3"}, "/b": PLAIN}

    assert look(server, tmp_path, bodies) == Served((), ("a", "b"))


@pytest.mark.parametrize("live", [b"new", b"old", None])
def test_a_file_that_was_taken_away_is_known(
    server: http.server.ThreadingHTTPServer, tmp_path: Path, live: bytes | None
) -> None:
    """By its name and content, unless the live root has the same content there."""
    kept = tmp_path / "state" / "runs" / "7" / "evidence" / "failed" / "web"
    kept.mkdir(parents=True)
    (kept / "app.js").write_bytes(b"new")
    place = tmp_path / "root" / "web"
    place.mkdir(parents=True)
    if live is not None:
        (place / "app.js").write_bytes(live)
    found = look(server, tmp_path, {"/static/app.js": b"new"}, "/static/app.js")
    other = look(server, tmp_path, {"/static/app.js": b"old"}, "/static/app.js")

    wanted = ("its answer is web/app.js, which the rollback took away",)
    assert found.findings == (() if live == b"new" else wanted)
    assert other.findings == ()


def test_who_is_asked_beside_the_edge() -> None:
    """Who has its path; where nobody has, the edge is asked what their health is asked."""
    document = tomllib.loads((Path(__file__).parents[5] / "rollback.toml").read_text())
    system = parse(document, "rollback.toml")
    assert system.edge
    same = requests.served(system, system.edge.model_copy(update={"url": "https://shop/health"}))
    other = requests.served(system, system.edge.model_copy(update={"url": "https://shop/"}))
    posted = requests.served(system, system.edge.model_copy(update={"method": "POST"}))

    assert "gateway" in same.direct
    assert len(same.edge) == 2
    assert [each.url for each in other.edge[2:]] == ["https://shop/health"]
    assert "gateway" in other.direct
    assert posted.direct == {}
