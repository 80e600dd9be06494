"""A small deployed system on disk for the actions: two components, a manager, a page, an edge."""

from __future__ import annotations

import contextlib
import http.server
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import tomli_w

from pytest_rollback.agent import main
from pytest_rollback.agent.backup import save
from pytest_rollback.agent.messages.backup.save import SaveRequest
from pytest_rollback.agent.messages.location import Location, Release
from pytest_rollback.agent.messages.rollback.undo import UNDO, Undone, UndoRequest
from pytest_rollback.agent.messages.state.runs import BEGIN
from pytest_rollback.manifest import load
from pytest_rollback.recovery import actions
from pytest_rollback.recovery.action import AnyAction, Change, Scope
from pytest_rollback.transport.call import AnyCall, Call
from pytest_rollback.transport.connection import Connection
from tests.unit.support import requests
from tests.unit.support.deployed import saving

SERVER = """
import http.server, sys
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.send_header("Content-Length", "2"); self.end_headers()
        self.wfile.write(b"ok")
    def log_message(self, *rest): pass
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Page).serve_forever()
"""
SYSTEMCTL = Path(__file__).parents[1] / "support" / "fakes" / "systemctl"
CHANGED = (
    "gate/serve.py",
    "gate/\udcff name",
    "mesh/serve.py",
    "etc/app.env",
    "etc/units/gate.service",
)
ADDED = ("gate/extra.py", "lib/new/__init__.py", "lib/new/deep/helper.py")
NAMES = ("gate", "mesh")


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


class Direct(Connection):
    """The agent, asked in this process: it is the same code, and quick enough for many kills."""

    def _answers(self, calls: Sequence[AnyCall], deadline: float) -> list[Any]:
        """Return what the agent says to several requests; `deadline` is nobody's here."""
        del deadline
        asked = [json.loads(json.dumps(question)) for question in (call.asked() for call in calls)]
        return [json.loads(json.dumps(main.answer(question))) for question in asked]


class Site:
    """A system below `home`, deployed: its current release is live, its previous one is saved."""

    def __init__(self, home: Path, *, edge: bool = False) -> None:
        self.home, self.root, self.state = home, home / "srv", home / "var" / "state"
        self.units, self.www = home / "systemd", home / "www"
        self.page = self.www / "maintenance.html"
        self.ports = {name: free_port() for name in NAMES}
        self.edge = free_port() if edge else None
        self.log = home / "reloads"
        if home.exists() and (home / "rollback.toml").exists():
            self._read()
            return
        for folder in (self.units, self.www):
            folder.mkdir(parents=True)
        self._install()
        self.describe()

    def _install(self) -> None:
        """Lay the previous release down, save it, and deploy the current one over it."""
        for name in NAMES:
            self.put(f"{name}/serve.py", SERVER)
            self.put(f"etc/units/{name}.service", f"[Service]\nExecStart=previous {name}\n")
        self.put("gate/\udcff name", "previous")
        self.put("gate/licence.pyc", "no source, and part of the release")
        self.put("etc/app.env", "TOKEN=previous-secret\n", 0o600)
        save.save(self.saving(CHANGED, added=list(ADDED)))
        for path in CHANGED:
            self.put(path, self.path(path).read_text() + "# current\n", 0o640)
        for path in ADDED:
            self.put(path, "added = True\n")
        self.put("gate/__pycache__/serve.cpython-311.pyc", "\0" * 16 + "stale")
        self.put("gate/__pycache__/extra.cpython-311.pyc", "\0" * 16 + "of an added source")
        for name in NAMES:
            shutil.copy(self.path(f"etc/units/{name}.service"), self.units / f"{name}.service")

    def put(self, path: str, text: str, mode: int = 0o644) -> Path:
        """Write one live file, with attributes and a time of its own."""
        file = self.path(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(mode)
        os.setxattr(file, "user.from", text[:20].encode())
        os.utime(file, ns=(10**18, 10**18 + len(text)))
        return file

    def path(self, path: str) -> Path:
        """Return where a file of the system is."""
        return self.root / path

    def saving(self, files: Iterable[str], **more: object) -> SaveRequest:
        """Return the request to save files."""
        releases = {key: Release(key, None) for key in ("previous", "current")}
        return saving(self.root, self.state, files, system="site", **{**releases, **more})

    def document(self) -> dict[str, Any]:
        """Return the description of the system."""
        about = {"name": "site", "root": str(self.root), "state": str(self.state)}
        reload = [sys.executable, "-c", f"open({str(self.log)!r}, 'a').write('reload ')"]
        return {
            "system": {**about, "secrets": ["etc/app.env"]},
            "target": {"name": "here", "connection": "local://"},
            "services": {"source": "etc/units", "directory": str(self.units)},
            "configuration": {"files": ["etc/app.env"]},
            "components": [self.component(name) for name in NAMES],
            "probes": {
                name: {"url": f"http://127.0.0.1:{port}/", "body": "ok", "timeout": "2s"}
                for name, port in self.ports.items()
            },
            "maintenance": {"page": str(self.page), "text": "back soon", "reload": reload},
            **({"edge": {"url": f"http://127.0.0.1:{self.edge}/"}} if self.edge else {}),
        }

    def component(self, name: str) -> dict[str, Any]:
        """Return the description of one component."""
        return {
            "name": name,
            "unit": name,
            "files": [f"{name}/**"],
            "health": name,
            "listens": [self.ports[name]],
            "log": str(self.home / f"{name}.log"),
            "start": "5s",
            "stop": "1s",
            "settle": "300ms",
        }

    def describe(self, **more: object) -> None:
        """Write rollback.toml, and read it."""
        file = self.home / "rollback.toml"
        file.write_text(tomli_w.dumps({**self.document(), **more}))
        self._read()

    def _read(self) -> None:
        self.system = load.load(self.home / "rollback.toml").system
        self.connection = Direct(self.system)

    def scope(self, run: str = "r1", only: Iterable[str] = ()) -> Scope:
        """Return the scope of a rollback."""
        return Scope(self.system, frozenset(only), run)

    def plan(self, action: AnyAction, scope: Scope | None = None) -> tuple[Change, ...]:
        """Return what an action would do now."""
        return action.planned(self.connection, scope or self.scope())

    def perform(self, action: AnyAction, scope: Scope | None = None) -> int:
        """Carry an action out as the gate does; return how many changes it took."""
        scope = scope or self.scope()
        changes = self.plan(action, scope)
        for change in changes:
            self.apply(change, scope)
        assert self.plan(action, scope) == (), action.name
        return len(changes)

    def apply(self, change: Change, scope: Scope | None = None) -> Any:  # noqa: ANN401
        """Ask for one change."""
        del scope
        return self.connection.ask(change.call)

    def location(self, run: str = "r1") -> Location:
        """Return where it is, for one run."""
        return requests.located(self.root, self.state, run)

    def begin(self, run: str = "r1", only: tuple[str, ...] = ()) -> None:
        """Begin a run whose holder is dead."""
        self.connection.ask(Call(BEGIN, requests.begin(self.state, run)._replace(only=only)))

    def undo(self, run: str = "r1", manager: str = "") -> Undone:
        """Undo a run."""
        return self.connection.ask(Call(UNDO, UndoRequest(self.location(run), manager)))

    def everything(self) -> dict[str, tuple[object, ...]]:
        """Return all files below the root and the units' directory: bytes and metadata of each."""
        found = {}
        for place in (self.root, self.units):
            for path in sorted(place.rglob("*")):
                state = path.lstat()
                facts: tuple[object, ...] = (state.st_mode, state.st_uid, state.st_gid)
                if path.is_file():
                    facts += (path.read_bytes(), state.st_mtime_ns, attributes(path))
                found[os.fsencode(path.relative_to(self.home)).decode("latin-1")] = facts
        return found

    def evidence(self, run: str = "r1") -> set[str]:
        """Return the paths of a run's evidence."""
        place = self.state / "runs" / run / "evidence"
        return {str(path.relative_to(place)) for path in place.rglob("*") if path.is_file()}


def attributes(path: Path) -> tuple[tuple[str, bytes], ...]:
    """Return the extended attributes of a file."""
    return tuple(sorted((name, os.getxattr(path, name)) for name in os.listxattr(path)))


class Systemd:
    """A systemctl on PATH whose units are the site's components, as real processes."""

    def __init__(self, site: Site) -> None:
        self.folder = site.home / "bin" / "units"
        self.folder.mkdir(parents=True)
        shutil.copy(SYSTEMCTL, site.home / "bin" / "systemctl")
        for name, port in site.ports.items():
            self.has(name, [sys.executable, str(site.path(f"{name}/serve.py")), str(port)])

    def has(self, unit: str, argv: list[str], **state: object) -> None:
        """Install a unit, or change one."""
        known = {"load": "loaded", "active": "inactive", "sub": "dead", "pid": 0, "argv": argv}
        (self.folder / f"{unit}.json").write_text(json.dumps({**known, **state}))

    def told(self) -> list[str]:
        """Return what was asked of it, but for questions and clean slates, in order."""
        asked = self.folder / "calls"
        lines = asked.read_text().splitlines() if asked.exists() else []
        calls = [json.loads(line) for line in lines]
        return [
            f"{call[0]} {call[-1]}" if len(call) > 1 else call[0]
            for call in calls
            if call[0] not in {"show", "status", "reset-failed"}
        ]

    def state(self, unit: str) -> dict[str, Any]:
        """Return what a unit is."""
        found: dict[str, Any] = json.loads((self.folder / f"{unit}.json").read_text())
        return found

    def end(self) -> None:
        """Kill what still runs."""
        for path in self.folder.glob("*.json"):
            pid = json.loads(path.read_text())["pid"]
            if pid:
                subprocess.run(["kill", "-9", str(pid)], check=False, capture_output=True)


@contextlib.contextmanager
def edge(site: Site, *, routed: bool = True) -> Iterator[None]:
    """Serve the site's edge: 503 with the page while it is there, 200 otherwise."""

    class Answers(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            down = routed and site.page.exists()
            body = b"maintenance: " + site.page.read_bytes() if down else b"welcome"
            self.send_response(503 if down else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_rest: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", site.edge or 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


FILES = (
    actions.SNAPSHOT,
    actions.RESTORE_FILES,
    actions.REMOVE_ADDED,
    actions.RESTORE_CONFIGURATION,
    actions.INSTALL_UNITS,
    actions.CLEAR_CACHES,
    actions.SEPARATE,
    actions.CLOSE,
)
"""The actions that change files, in order."""
