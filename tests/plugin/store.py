"""The shop with everything that readiness can ask about: nothing of it is fake."""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import json
import shutil
import sys
import time
from pathlib import Path
from typing import Any

from pytest_rollback.agent.database import stamp
from pytest_rollback.agent.database.messages import DatabaseAccess
from pytest_rollback.agent.database.postgresql.server import reached
from pytest_rollback.agent.database.previous import previous_stamp, schema
from pytest_rollback.agent.database.previous.messages import PreviousRun, ReleaseRun
from pytest_rollback.agent.messages.location import Release
from pytest_rollback.agent.state import backup_set
from pytest_rollback.extras.database.requests import previous
from pytest_rollback.extras.sandbox.common.postgres import Postgres
from pytest_rollback.manifest.load import load
from tests.plugin.shop import NAMES, Shop
from tests.unit.support.dumped import server

SERVICE = """
import http.server, json, sys
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps({"state": "fine"}).encode()
        self.send_response(200); self.send_header("Content-Length", str(len(body)))
        self.end_headers(); self.wfile.write(body)
    def log_message(self, *rest): pass
class Menu:
    def __init__(self, dish): self.dish = dish
if __name__ == "__main__":
    http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Page).serve_forever()
"""
SOURCES = [f"{name}/{kind}.py" for name in NAMES for kind in ("serve", "extra")]
UNITS = [f"units/shop-{name}.conf" for name in NAMES]
KEPT = "web/kept.py"
"""A file that both releases have alike, so that nothing saves it."""

CONFIGURATION = ["config/.env", "config/shop.json"]


class Store(Shop):
    """A shop that is its own repository, with configuration, unit files, a database's dump."""

    servers = contextlib.ExitStack()
    database: Postgres

    def up(self) -> None:
        """Install the previous release, save it, deploy the current one, start it."""
        self.install()
        self.dump()
        self.describe()
        self.previous, current = self.commit(), self.change()
        self.git("checkout", "-q", self.previous)
        self.save(
            previous=Release("1", self.previous),
            current=Release("2", current),
            added=["web/added.py"],
        )
        self.git("checkout", "-q", current)
        self.put("config/.env", "SHOP=current\n")
        for path in UNITS:
            (self.home / path).write_bytes((self.root / path).read_bytes())
        self.start()

    def install(self) -> None:
        """Put the previous release in place."""
        for path in SOURCES:
            self.put(path, SERVICE if "serve" in path else "extra = 1\n")
        self.put("motto.txt", "previous\n")
        self.put(KEPT, "kept = 1\n")
        self.put(".gitignore", ".env\n*.prev\n__pycache__\n")
        for place in ("config", "config/defaults"):
            self.put(f"{place}/.env", "SHOP=previous\n")
            self.put(f"{place}/shop.json", "{}\n")
        for name, port in self.ports.items():
            command = f"{sys.executable} {self.root}/{name}/serve.py {port}"
            self.put(f"units/shop-{name}.conf", f"[program:shop-{name}]\ncommand={command}\n")
        for place in ("units", "www"):
            (self.home / place).mkdir()
        for name in NAMES:
            (self.home / f"{name}.log").touch()  # supervisord writes elsewhere, nobody reads it
        self.git("init", "-q")

    def change(self) -> str:
        """Put the current release in place and return its commit."""
        for path in (*SOURCES, *UNITS, "motto.txt"):
            self.put(path, (self.root / path).read_text() + "# current\n")
        self.put("config/shop.json", '{"release": 2}\n')
        self.put("web/added.py", "added = 1\n")
        return self.commit()

    def put(self, path: str, text: str) -> None:
        """Write a file below the root."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def dump(self) -> None:
        """Make the dump of a real database, whose server goes on."""
        self.database = self.servers.enter_context(server())
        self.database.dump("postgres", self.home / "dump", "-Fc")

    def down(self) -> None:
        """End the database as well."""
        self.servers.close()
        super().down()

    def files(self) -> list[str]:
        """Return the files that the deploy changes."""
        return ["motto.txt", *SOURCES, *UNITS, *CONFIGURATION]

    def sections(self) -> list[str]:
        """Return what the daemon is told of its units: they are files."""
        return [f"[include]\nfiles = {self.home}/units/*.conf\n"]

    def document(self) -> dict[str, Any]:
        """Return the description of everything."""
        document = super().document()
        document["services"].update(source="units", directory=str(self.home / "units"))
        for component in document["components"]:
            component.update(
                imports=[f"{component['name']}.serve:Page"],
                constructs=[
                    {
                        "call": f"{component['name']}.serve:Menu",
                        "arguments": {"dish": "soup"},
                        "limit": "1s",
                    }
                ],
                interpreter=sys.executable,
                environment_files=["config/.env"],
            )
        for probe in document["probes"].values():
            probe.update(samples=50)
        return {
            **document,
            "configuration": {"files": CONFIGURATION, "defaults": "config/defaults"},
            "maintenance": {"page": str(self.home / "www/page.html"), "reload": ["true"]},
            "database": {
                "name": "postgres",
                "dump": str(self.home / "dump"),
                "host": str(self.database.socket),
                "port": self.database.port,
                "user": "postgres",
                "tools": str(self.database.tools),
            },
            "fallback": {"git": str(self.root)},
        }

    def copy(self, path: str) -> Path:
        """Return the saved copy of a file."""
        return self.root / f"{path}.prev"

    def save_other(self, name: str) -> None:
        """Make the record, and the saved copies, be those of another release."""
        for path in SOURCES:
            self.forge(path, f"# {name}\n" + self.copy(path).read_text())

    def deploy_other(self, name: str) -> None:
        """Make another release live, of which nothing was recorded."""
        for path in SOURCES:
            self.put(path, f"# {name}\n" + self.copy(path).read_text())

    def forge(self, path: str, text: str) -> None:
        """Make the record say that the previous release had this text in a file."""
        self.copy(path).write_text(text)
        known, content = backup_set.read(str(self.state)), text.encode()
        digest = hashlib.sha256(content).hexdigest()
        files = tuple(
            saved._replace(sha256=digest, size=len(content)) if saved.path == path else saved
            for saved in known.files
        )
        backup_set.write(str(self.state), known._replace(files=files))

    def own(self, path: str, mode: int) -> None:
        """Make the copy and the record of a file root's own, with this mode."""
        self.copy(path).chmod(mode)
        known = backup_set.read(str(self.state))
        files = tuple(
            saved._replace(mode=mode, uid=0, gid=0) if saved.path == path else saved
            for saved in known.files
        )
        backup_set.write(str(self.state), known._replace(files=files))

    def drop(self, path: str) -> None:
        """Make the record say that the deploy deleted a file beside those that it changed."""
        known, saved = backup_set.read(str(self.state)), self.copy(path)
        shutil.copy2(self.copy(UNITS[0]), saved)
        like = next(each for each in known.files if each.path == UNITS[0])
        files = (*known.files, like._replace(path=path))
        backup_set.write(str(self.state), known._replace(files=files))

    def migrate(self, path: str) -> None:
        """Make the record say that the deploy added a migration of Django, which is applied."""
        self.put(path, "class Migration: pass\n")
        known = backup_set.read(str(self.state))
        backup_set.write(str(self.state), known._replace(added=(*known.added, path)))
        app, _, name = path.removesuffix(".py").split("/")
        table = "CREATE TABLE IF NOT EXISTS django_migrations (id serial, app text, name text);"
        self.database.sql(
            f"{table} INSERT INTO django_migrations (app, name) VALUES ('{app}', '{name}')"  # noqa: S608
        )

    def fail_on_schema(self) -> None:
        """Make the host know that the previous release did not run on the live schema of now."""
        place = DatabaseAccess(
            *("postgres", str(self.home / "dump"), str(self.database.socket), self.database.port),
            *("postgres", str(self.database.tools), ""),
        )
        wrong = ReleaseRun("web", 'request web: answered 500: column "price" is gone', (), ())
        record = backup_set.read(str(self.state))
        system = load(self.manifest).system
        assert system.database
        asked = previous(system, system.database).request
        state = PreviousRun(
            *(time.time(), 1.0, "schema", schema.head(reached(place)), record.sha256),
            *(stamp.subject(place), "1", "2", "15", (wrong,)),
            *((wrong._replace(problem=""),), (), 1, (), previous_stamp.digest(asked)),
        )
        previous_stamp.write(str(self.state), state)

    def forget(self, path: str) -> None:
        """Make the record, and the saved copies, know nothing of a file."""
        known = backup_set.read(str(self.state))
        files = tuple(saved for saved in known.files if saved.path != path)
        backup_set.write(str(self.state), known._replace(files=files))
        self.copy(path).unlink()

    def put_back(self) -> None:
        """Make the previous release live again, as if it had never been deployed over."""
        for saved in backup_set.read(str(self.state)).files:
            shutil.copy2(self.copy(saved.path), self.root / saved.path)
        (self.root / "web/added.py").unlink()

    def spend(self, run: str) -> None:
        """Make the host know of a run that rolled the set back and took the copies away."""
        known = backup_set.read(str(self.state))
        for saved in known.files:
            self.copy(saved.path).unlink()
        self.ran(dt.datetime.now(dt.UTC).isoformat(), run, known.sha256)

    def declare_partial(self, reason: str, forget: str) -> None:
        """Make the record be of a part of the release, which was declared, without a file."""
        self.forget(forget)
        known = backup_set.read(str(self.state))
        backup_set.write(str(self.state), known._replace(partial=reason))

    def lose(self, path: str) -> None:
        """Take the previous release's content of a file out of the repository."""
        blob = self.git("rev-parse", f"{self.previous}:{path}")
        (self.root / ".git/objects" / blob[:2] / blob[2:]).unlink()

    def ran(self, ended: str, run: str = "old", record: str = "") -> None:
        """Make the host know of one successful drill, which ended then."""
        folder = self.state / "runs" / run
        folder.mkdir(parents=True)
        words = {"run": run, "by": "ann", "host": "h", "pid": 1, "pid_started": 1.0}
        about = {"target": "corner", "only": [], "record": record, "since": ended, "touched": 0.0}
        end = {"outcome": "recovered", "ended": ended}
        (folder / "lease.json").write_text(json.dumps({**words, **about, **end}))
