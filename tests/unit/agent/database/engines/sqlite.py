"""A shop whose database is a file of SQLite, in a directory of its service's account."""

from __future__ import annotations

import os
import pwd
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_rollback.agent.database.messages import DatabaseAccess
from tests.unit.agent.database.engines.shop import ROWS, Shop

if TYPE_CHECKING:
    from collections.abc import Iterator

PYTHON = shutil.which("python3", path="/usr/bin:/bin") or sys.executable
"""One that the account may run as well."""

ACCOUNT = "nobody" if os.geteuid() == 0 else ""
SCHEMA = """
CREATE TABLE goods (id INTEGER PRIMARY KEY, words TEXT NOT NULL);
CREATE TABLE orders (id INTEGER PRIMARY KEY AUTOINCREMENT, good INTEGER REFERENCES goods (id));
CREATE INDEX words ON goods (words);
CREATE VIEW sold AS SELECT good, count(*) AS n FROM orders GROUP BY good;
CREATE TRIGGER kept BEFORE DELETE ON goods BEGIN SELECT raise(ABORT, 'kept; always'); END;
PRAGMA user_version = 7;
"""
PREVIOUS = f"""
INSERT INTO goods SELECT value, 'previous; ' || char(10) || value
  FROM (WITH RECURSIVE n (value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n LIMIT {ROWS})
        SELECT value FROM n);
INSERT INTO orders (good) SELECT id FROM goods LIMIT 100;
"""  # noqa: S608 - ours
CURRENT = "UPDATE goods SET words = 'current'; ALTER TABLE goods ADD COLUMN more INTEGER;"


class SqliteShop(Shop):
    """The file `shop.db`, written by `ACCOUNT`; `wal` tells how, `kind` what its dump is."""

    engine = "sqlite"

    def __init__(self, home: Path, *, wal: bool = False, kind: str = "file") -> None:
        self.home, self.wal, self.kind = home, wal, kind
        self.place = home / "data"
        self.live = self.place / "shop.db"
        self.dump = home / "dump"
        self.version = 7

    def fresh(self) -> None:
        """Have the previous release dumped, and the current one live."""
        shutil.rmtree(self.place, ignore_errors=True)
        self.place.mkdir(mode=0o755)
        if ACCOUNT:
            shutil.chown(self.place, ACCOUNT, pwd.getpwnam(ACCOUNT).pw_gid)
        self.state = Path(tempfile.mkdtemp(dir=self.home, prefix="state-"))
        self.sql(f"PRAGMA journal_mode = {'WAL' if self.wal else 'DELETE'};{SCHEMA}{PREVIOUS}")
        self.live.chmod(0o640)
        self.dumped(self.live)
        self.sql(CURRENT)

    def sql(self, script: str) -> None:
        """Run statements as the service does."""
        code = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).executescript(sys.argv[2])"
        self.run([PYTHON, "-c", code, str(self.live), script])

    def run(self, argv: list[str]) -> None:
        """Run a command as the account of the service."""
        more = {"user": ACCOUNT, "group": pwd.getpwnam(ACCOUNT).pw_gid} if ACCOUNT else {}
        subprocess.run(argv, check=True, cwd="/", umask=0o027, **more)  # type: ignore[call-overload]

    def dumped(self, source: Path, kind: str = "") -> None:
        """Make a dump of a database."""
        self.dump.unlink(missing_ok=True)
        with closing(sqlite3.connect(source)) as database:
            if (kind or self.kind) == "file":
                with closing(sqlite3.connect(self.dump)) as copy:
                    database.backup(copy)
            else:
                text = subprocess.run(
                    ["sqlite3", "-readonly", source, ".dump"], capture_output=True, check=True
                ).stdout
                number = f"PRAGMA user_version = {self.version};\nCOMMIT;\n" if self.version else ""
                self.dump.write_bytes(
                    text.replace(b"COMMIT;\n", number.encode()) if number else text
                )
        if ACCOUNT:
            for path in self.place.iterdir():
                shutil.chown(path, ACCOUNT)
        self.dump.chmod(0o600)

    def damaged(self, how: str) -> None:
        """Have a dump instead that is damaged."""
        whole = self.dump.read_bytes()
        other = self.home / "other.db"
        other.unlink(missing_ok=True)
        if how in {"cut", "empty", "no dump"}:
            ends = {"cut": whole[: len(whole) * 2 // 3], "empty": b"", "no dump": b"x" * 4096}
            self.dump.write_bytes(ends[how])
            return
        with closing(sqlite3.connect(other)) as database:
            if how == "of another database":
                database.executescript("CREATE TABLE guests (n); INSERT INTO guests VALUES (1)")
            else:
                database.executescript(SCHEMA + (PREVIOUS if how == "a table missing" else ""))
            if how == "a table missing":
                database.executescript("DROP VIEW sold; DROP TABLE orders")
        self.dumped(other)

    def same(self) -> None:
        """Have a dump of what is live now."""
        self.dumped(self.live)

    def access(self) -> DatabaseAccess:
        """Return how it is reached."""
        return DatabaseAccess(str(self.live), str(self.dump), "", 0, "", "", ACCOUNT)

    def release(self) -> str:
        """Return which release is live; a copy is asked, so that nothing is made beside it."""
        with tempfile.TemporaryDirectory() as place:
            for path in self.place.glob("shop.db*"):
                if path.name in {"shop.db", "shop.db-wal", "shop.db-journal"}:
                    shutil.copy(path, place)
            with closing(sqlite3.connect(f"{place}/shop.db")) as database:
                columns = len(database.execute("PRAGMA table_info(goods)").fetchall())
                asked = "SELECT count(*), min(substr(words, 1, 7)), max(substr(words, 1, 7))"
                row = database.execute(f"{asked} FROM goods WHERE id > 0").fetchone()
                whole = database.execute("PRAGMA integrity_check").fetchone()[0]
        known = {(3, "current"): "current", (2, "previou"): "previous"}
        if whole != "ok" or row[1] != row[2] or row[0] != ROWS:
            return f"broken: {whole} {row}"
        return known.get((columns, row[1]), f"mixed: {columns} {row}")

    def kept(self) -> list[str]:
        """Return what is beside the live file."""
        return sorted(each.name for each in self.place.iterdir() if each.name != "shop.db")

    def write(self) -> None:
        """Write a row into the live database."""
        self.sql("INSERT INTO goods (id, words) VALUES (-1, 'written')")


def shops(home: Path) -> Iterator[SqliteShop]:
    """Yield the shop in all of its forms."""
    for kind in ("file", "plain"):
        for wal in (False, True):
            yield SqliteShop(home, wal=wal, kind=kind)
