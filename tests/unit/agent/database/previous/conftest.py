"""A shop whose live release has migrated its database, and its previous release."""

from __future__ import annotations

import hashlib
import json
import socket
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_rollback.agent.database.previous.messages import (
    NamedProbe,
    PreviousComponent,
    PreviousRequest,
    PreviousRun,
)
from pytest_rollback.agent.database.previous.previous import try_previous
from pytest_rollback.agent.files.metadata import FileEntry
from pytest_rollback.agent.messages.location import Release
from pytest_rollback.agent.messages.probes.sample import ProbeSpec
from pytest_rollback.agent.messages.services.units import ManagerAddress
from pytest_rollback.agent.messages.trial import TrialComponent, TrialRequest, UnitSources
from pytest_rollback.agent.state import backup_set
from pytest_rollback.agent.state.backup_set import BackupSet
from tests.unit.support.databases import Base, base
from tests.unit.support.dumped import MAJORS, NEWEST

if TYPE_CHECKING:
    from collections.abc import Iterator

PYTHON = "/usr/bin/python3"
APP = """
import http.server, os, subprocess, sys, time
def sql(words):
    done = subprocess.run(["{psql}", "-h", "{host}", "-p", "{port}", "-U", "shop", "-qAtX", "-v",
        "ON_ERROR_STOP=1", "-c", words, "shop"], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr.strip())
    return done.stdout.strip()
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        try:
            status, words = 200, "ok" if self.path == "/health" else sql(ORDER)
        except RuntimeError as error:
            status, words = 500, str(error)
            print(error, flush=True)
        self.send_response(status)
        self.end_headers()
        self.wfile.write(words.encode())
    def log_message(self, *rest): pass
"""
SERVE = """
print("release", RELEASE, flush=True)
http.server.HTTPServer(("127.0.0.1", {serves}), Page).serve_forever()
"""
PREVIOUS = "INSERT INTO orders (words, price) VALUES ('soup', 3) RETURNING 'previous ' || price"
CURRENT = "SELECT 'current ' || count(*) FROM orders"
SCHEMA = """
DROP TABLE IF EXISTS orders, notes; DROP TYPE IF EXISTS state;
CREATE TYPE state AS ENUM ('open', 'paid');
CREATE TABLE orders (id serial PRIMARY KEY, words text, price int NOT NULL DEFAULT 1,
  state state NOT NULL DEFAULT 'open');
INSERT INTO orders (words, price) SELECT 'order ' || i, i FROM generate_series(1, 200) i;
"""


class Corner:
    """A shop of one component on a real database; the previous release is kept beside its files."""

    def __init__(self, base_: Base) -> None:
        self.base = base_
        self.home = Path(tempfile.mkdtemp(dir=base_.home, prefix="corner-"))
        self.home.chmod(0o755)
        base_.home.chmod(0o755)
        self.root, self.units = self.home / "root", self.home / "units"
        self.user = ""
        for place in (self.root, self.units, self.root / "data"):
            place.mkdir()
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            self.port = one.getsockname()[1]
        self.state = Path(tempfile.mkdtemp(dir=base_.home, prefix="state-"))
        base_.sql(SCHEMA)

    def release(self, order: str, name: str, first: str = "") -> str:
        """Return the program of a release; `first` is what it does when it starts."""
        postgres = self.base.postgres
        words = APP.replace("{psql}", str(postgres.tools / "psql"))
        words = words.replace("{host}", str(postgres.socket)).replace("{port}", str(postgres.port))
        serve = SERVE.replace("{serves}", str(self.port))
        return f"ORDER, RELEASE = {order!r}, {name!r}\n{words}{first}\n{serve}"

    def deploy(self, previous: str, current: str, *, user: str = "") -> None:
        """Have a release live, and the one before it in the backup set."""
        program = self.root / "app.py"
        program.write_text(current)
        (self.root / "app.py.backup").write_text(previous)
        for each in (program, self.root / "app.py.backup"):
            each.chmod(0o644)
        words = f"[Service]\nExecStart={PYTHON} app.py\nWorkingDirectory={self.root}\n"
        (self.units / "shop.service").write_text(words + (f"User={user}\n" if user else ""))
        content = previous.encode()
        digest, owner = hashlib.sha256(content).hexdigest(), program.stat()
        entry = FileEntry(
            "app.py", digest, len(content), 0o644, owner.st_uid, owner.st_gid, owner.st_mtime_ns, {}
        )
        record = BackupSet(
            *("shop", str(self.root), ".backup", "2026-01-01T00:00:00+00:00", "ann"),
            *(Release("1.4.0", None), Release("1.5.0", None), (entry,), ()),
        )
        backup_set.write(str(self.state), record)

    def request(self, scratch: Path, rows: str = "schema", **different: Any) -> PreviousRequest:  # noqa: ANN401
        """Return the request to try the previous release."""
        location = self.base.location()._replace(root=str(self.root), state=str(self.state))
        url = f"http://127.0.0.1:{self.port}"
        health = NamedProbe("health", ProbeSpec(url=f"{url}/health", timeout=2.0))
        order = NamedProbe("order", ProbeSpec(url=f"{url}/order", timeout=5.0))
        component = PreviousComponent("shop", health, (order,), 40.0)
        trial = TrialRequest(
            location,
            self.user,
            60.0,
            (TrialComponent("shop", "", None, {}, (), (), (), unit="shop"),),
            units=UnitSources(ManagerAddress("systemd"), None, str(self.units)),
        )
        request = PreviousRequest(
            *(location, self.base.access(), trial, (component,), rows),
            *(str(scratch), 400.0, 10**10),  # busy hosts take minutes
        )
        return request._replace(**different)

    def tried(self, scratch: Path, rows: str = "schema") -> PreviousRun:
        """Try the previous release."""
        return try_previous(self.request(scratch, rows))

    def rows(self) -> str:
        """Return what the live database has, of all that a release could write."""
        return self.base.sql("SELECT count(*), sum(price), max(words) FROM orders")

    def stamp(self) -> dict[str, Any]:
        """Return what is left in the state directory."""
        found: dict[str, Any] = json.loads((self.state / "previous.json").read_text())
        return found


@pytest.fixture(scope="module")
def running(request: pytest.FixtureRequest) -> Iterator[Base]:
    """A server that all tests of this file share; of the major version that a test asks for."""
    with base(MAJORS[getattr(request, "param", NEWEST)]) as found:
        found.fresh()
        yield found


@pytest.fixture
def corner(running: Base) -> Corner:
    """The shop, with both releases on a schema that both know."""
    found = Corner(running)
    found.deploy(found.release(PREVIOUS, "1.4.0"), found.release(CURRENT, "1.5.0"))
    return found


@pytest.fixture
def scratch() -> Iterator[Path]:
    """A directory in which throw-away servers may be; nothing is left in it."""
    with tempfile.TemporaryDirectory(prefix="scratch-") as place:
        Path(place).chmod(0o1777)
        yield Path(place)
        assert list(Path(place).iterdir()) == []
