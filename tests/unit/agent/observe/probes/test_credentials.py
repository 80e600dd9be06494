"""A probe that has to be let in: its secrets are read on the host, and stay there."""

from __future__ import annotations

import ssl
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from pytest_rollback.agent.messages.probes.sample import ASK, ProbeRequest
from pytest_rollback.manifest import requests
from pytest_rollback.manifest.load import parse
from pytest_rollback.manifest.model import System
from pytest_rollback.transport.call import Call
from pytest_rollback.transport.connection import Connection

KEY = "a-long-and-quiet-winter"


class Guarded(BaseHTTPRequestHandler):
    """Lets those in who have the key, and sends it back to them."""

    def do_GET(self) -> None:
        """Answer."""
        given = self.headers.get("Authorization", "")
        body = f'{{"status": "ok", "you sent": "{given}"}}'.encode()
        self.send_response(200 if given == f"Bearer {KEY}" else 401)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_words: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    """A server on loopback; a test may have it speak TLS before anybody asks."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Guarded) as found:
        threading.Thread(target=found.serve_forever, daemon=True).start()
        yield found
        found.shutdown()


def described(server: ThreadingHTTPServer, scheme: str, **more: Any) -> System:  # noqa: ANN401
    """Return a system whose health is asked there."""
    url = f"{scheme}://localhost:{server.server_address[1]}/"
    return parse(
        {
            "system": {"name": "shop", "root": "/srv/shop", "state": "/var/lib/rollback/shop"},
            "target": {"name": "here", "connection": "local://"},
            "components": [{"name": "web", "unit": "shop-web", "health": "web"}],
            "probes": {"web": {"url": url, "body": "ok", **more}},
        },
        "a test",
    )


def asked(system: System) -> tuple[str | None, str]:
    """Ask over a connection, as every suite does; return what was wrong, and the answer."""
    connection = Connection(system)
    answer = connection.ask(Call(ASK, ProbeRequest(requests.probe(system.probes["web"]))))
    connection.close()
    return answer.problem, answer.body


@pytest.mark.parametrize(
    ("text", "more"), [(f"{KEY}\n", {}), (f"OTHER=x\nAPI_KEY='{KEY}'\n", {"variable": "API_KEY"})]
)
def test_a_secret_of_the_host_lets_in_and_stays_there(
    server: ThreadingHTTPServer, tmp_path: Path, text: str, more: dict[str, str]
) -> None:
    """All of a file, or a variable in it; what the peer sends back is without it."""
    (tmp_path / "key").write_text(text)
    header = {"file": str(tmp_path / "key"), "before": "Bearer ", **more}
    problem, body = asked(described(server, "http", secret_headers={"Authorization": header}))

    assert problem is None
    assert body == '{"status": "ok", "you sent": "Bearer (secret)"}'


def test_what_cannot_be_read_is_named(server: ThreadingHTTPServer, tmp_path: Path) -> None:
    """The header and the file, and nothing of what is in it."""
    path = tmp_path / "key"
    header = {"file": str(path), "variable": "API_KEY"}
    system = described(server, "http", secret_headers={"X-Key": header})
    assert asked(system)[0] == f"no answer: the header X-Key: {path}: No such file or directory"
    path.write_text(f"OTHER={KEY}\n")
    assert asked(system)[0] == f"no answer: the header X-Key: {path} has no API_KEY"


def test_a_certificate_of_the_host_lets_in(server: ThreadingHTTPServer, tmp_path: Path) -> None:
    """With its key, and an authority of one's own; without them nobody is believed."""
    pem, key = tmp_path / "pem", tmp_path / "key.pem"
    words = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext"
    subprocess.run(
        ["openssl", *words.split(), "subjectAltName=DNS:localhost", "-keyout", key, "-out", pem],
        check=True,
        capture_output=True,
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(pem))
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(pem, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    (tmp_path / "token").write_text(KEY)
    headers = {"Authorization": {"file": str(tmp_path / "token"), "before": "Bearer "}}
    files = {"certificate": str(pem), "key": str(key), "authority": str(pem)}

    assert asked(described(server, "https", secret_headers=headers, tls=files))[0] is None
    assert "self-signed" in str(asked(described(server, "https", secret_headers=headers))[0])
    gone = {**files, "certificate": str(tmp_path / "gone")}
    problem = str(asked(described(server, "https", secret_headers=headers, tls=gone))[0])
    assert f"certificate: {tmp_path / 'gone'}, key: {key}: No such file" in problem
