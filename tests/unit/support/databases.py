"""A real database with a dump of its previous release and rows of the current one."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest_rollback.agent
from pytest_rollback.agent.database.messages import (
    DatabaseAccess,
    DatabaseRequest,
    DatabaseRestored,
    DatabaseRestoreRequest,
    DatabaseState,
)
from pytest_rollback.agent.database.postgresql import check, swap
from pytest_rollback.agent.database.postgresql import restore as database_restore
from pytest_rollback.agent.messages.location import Location
from pytest_rollback.agent.rollback import undo as rollback_undo
from tests.unit.support import requests
from tests.unit.support.dumped import server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_rollback.extras.sandbox.common.postgres import Postgres

FORMATS = {
    "plain": ("-Fp",),
    "plain, gzip": ("-Fp",),
    "custom": ("-Fc",),
    "tar": ("-Ft",),
    "directory": ("-Fd",),
}
PREVIOUS = """
CREATE TABLE goods (id int PRIMARY KEY, words text, code text);
INSERT INTO goods
  SELECT i, E'previous \\\\ \\n\\\\.' || i, md5(i::text) FROM generate_series(1, 5000) i;
CREATE TABLE empty ();
CREATE FUNCTION cost() RETURNS int LANGUAGE sql AS $$ SELECT 1; -- \\connect x
$$;
"""
CURRENT = "UPDATE goods SET words = 'current'; ALTER TABLE goods ADD COLUMN more int;"
PLUGINS = Path(pytest_rollback.agent.__file__).parents[2]


def dying(
    engine: str, way: str, point: int, request: DatabaseRestoreRequest
) -> subprocess.Popen[bytes]:
    """Start a restore, or its undo, in a process that dies before a given step."""
    script = str(Path(__file__).with_name("dying.py"))
    words = [sys.executable, script, str(PLUGINS), engine, way, str(point), json.dumps(request)]
    return subprocess.Popen(
        words,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={"PATH": os.environ["PATH"]},
    )


class Base:
    """The database `shop` of a role of its own; the dump is what it was before the deploy."""

    def __init__(self, postgres: Postgres, home: Path) -> None:
        self.postgres, self.home = postgres, home
        self.state, self.dump = home / "state", home / "dump"
        self.tools = str(postgres.tools)
        postgres.sql("CREATE ROLE shop LOGIN CREATEDB; CREATE ROLE reader LOGIN;")
        postgres.sql("CREATE ROLE plain LOGIN;")
        self.dumps: dict[str, Path] = {}

    def fresh(self, kind: str = "custom") -> None:
        """Have the previous release dumped, and the current one live."""
        for name in self.names():
            self.postgres.sql(f'DROP DATABASE "{name}" WITH (FORCE)')
        self.postgres.sql("CREATE DATABASE shop OWNER shop")
        self.sql(PREVIOUS)
        self.dump = self.home / f"dump-{len(self.dumps)}"
        if kind not in self.dumps:
            self.postgres.client("pg_dump", *FORMATS[kind], "-f", str(self.dump), "shop")
            if kind == "plain, gzip":
                self.dump.write_bytes(gzip.compress(self.dump.read_bytes()))
            self.dump.chmod(0o700 if self.dump.is_dir() else 0o600)
            self.dumps[kind] = self.dump
        self.dump = self.dumps[kind]
        self.sql(CURRENT)
        self.state = Path(tempfile.mkdtemp(dir=self.home, prefix="state-"))

    def sql(self, script: str, name: str = "shop") -> str:
        """Run statements as the system's role."""
        where = ("-h", str(self.postgres.socket), "-p", str(self.postgres.port), "-U", "shop")
        words = (*where, "-qAtX", "-v", "ON_ERROR_STOP=1", "-d", name)
        return self.postgres.run("psql", *words, text=script).strip()

    def location(self, run: str = "r1") -> Location:
        """Return where its dump is recorded, for a run."""
        return Location(str(self.home), str(self.state), ".backup", run)

    def access(self) -> DatabaseAccess:
        """Return how it is reached."""
        host, port = str(self.postgres.socket), self.postgres.port
        return DatabaseAccess("shop", str(self.dump), host, port, "shop", self.tools, "")

    def request(self, **different: Any) -> DatabaseRequest:  # noqa: ANN401 - any field of it
        """Return the request of the action; fields of its location and access may differ."""
        location, access = self.location(), self.access()
        place = {key: different.pop(key) for key in Location._fields if key in different}
        where = {key: different.pop(key) for key in DatabaseAccess._fields if key in different}
        request = DatabaseRequest(location._replace(**place), access._replace(**where), 60.0)
        return request._replace(**different)

    def restoring(self, digest: str, **different: Any) -> DatabaseRestoreRequest:  # noqa: ANN401
        """Return the request to restore a dump."""
        return DatabaseRestoreRequest(*self.request(**different), digest)

    def look(self, **different: Any) -> DatabaseState:  # noqa: ANN401 - as above
        """Look at it."""
        return check.look(self.request(**different))

    def restore(self, **different: Any) -> DatabaseRestored:  # noqa: ANN401
        """Plan and restore."""
        found = self.look(**different)
        assert found.problems == ()
        return database_restore.restore(self.restoring(found.digest, **different))

    def undo(self, run: str = "r1") -> None:
        """Undo the run, as `restore.undo` does."""
        rollback_undo.undo(requests.undo(requests.located(self.home, self.state, run)))

    def take_back(self) -> int:
        """Undo the database alone."""
        return swap.undo(self.location()).undone

    def release(self, name: str = "shop") -> str:
        """Return which release a database is of; a mixture is told."""
        columns = self.sql(
            "SELECT count(*) FROM information_schema.columns WHERE table_name = 'goods'", name
        )
        rows = self.sql("SELECT count(*), min(split_part(words, ' ', 1)) FROM goods", name)
        known = {("4", "5000|current"): "current", ("3", "5000|previous"): "previous"}
        return known.get((columns, rows), f"broken: {columns} {rows}")

    def names(self) -> list[str]:
        """Return the databases that are there, beside the server's own."""
        asked = "SELECT datname FROM pg_database WHERE datname NOT IN ('postgres', 'template0', "
        return self.postgres.sql(asked + "'template1') ORDER BY 1").split()

    def script(self, way: str, point: int) -> subprocess.Popen[bytes]:
        """Start the restore, or the undo, in a process that dies before a given step."""
        request = self.restoring(self.look().digest if way == "restore" else "")
        return dying("postgresql", way, point, request)


@contextlib.contextmanager
def base(programs: Path | None = None) -> Iterator[Base]:
    """Yield a server with the database; `programs` are those of a major version (`MAJORS`)."""
    with server(programs=programs) as postgres, tempfile.TemporaryDirectory() as home:
        yield Base(postgres, Path(home))
