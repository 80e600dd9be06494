"""A database that a rollback restores: readiness asks a real server, and each lack turns it red."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from tests.plugin.operator import REPOSITORY
from tests.plugin.shop import Shop
from tests.unit.support.databases import Base, base

CRITERION = "readiness.database.restorable"


class Restorable(Shop):
    """A shop, which need not run, with a database whose server does."""

    def __init__(self, home: Path, database: Base) -> None:
        super().__init__(home)
        self.database = database
        self.describe()

    def document(self) -> dict[str, Any]:
        """Return the description, with the database."""
        access = self.database.access()._asdict()
        keys = ("name", "dump", "host", "port", "user", "tools")
        table = {**{key: access[key] for key in keys}, "return": "restore"}
        return {**super().document(), "database": table}

    def asked(self, **different: object) -> dict[str, Any]:
        """Ask the suite's file about the database; return the criterion's row."""
        self.describe(database={**self.document()["database"], **different})
        self.pytest("suites/readiness/test_database.py")
        (row,) = [each for each in self.record()["criteria"] if each["id"] == CRITERION]
        return row


@pytest.fixture(scope="module")
def shop() -> Iterator[Restorable]:
    """A shop with a database, whose dump is there and whose server runs."""
    with base() as database, tempfile.TemporaryDirectory(prefix="shop-") as home:
        database.fresh()
        database.sql("ALTER TABLE goods DROP COLUMN more")
        yield Restorable(Path(home), database)


def test_what_can_be_restored_is_met(shop: Restorable) -> None:
    """With what was looked at as evidence; where a rollback restores none it does not apply."""
    row = shop.asked()
    assert (row["outcome"], row["findings"]) == ("met", [])
    evidence = str(row["evidence"])
    assert "'enough': True" in evidence or '"enough": true' in evidence.lower()

    shop.describe(database={**shop.document()["database"], "return": "keep"})
    shop.pytest("suites/readiness/test_database.py")
    assert f'{CRITERION} (database.return = "restore")' in shop.record()["not_applicable"]


LACKS: dict[str, tuple[dict[str, object], str]] = {
    "rights": ({"user": "plain"}, "may not create databases"),
    "ownership": ({"user": "plain"}, "belongs to shop"),
    "superuser": ({"user": "postgres"}, "is a superuser"),
    "database": ({"name": "other"}, "there is no database other"),
    "server": ({"port": 1}, "no database server listens"),
}


@pytest.mark.parametrize("lack", LACKS)
def test_what_is_lacking_turns_it_red(shop: Restorable, lack: str) -> None:
    """Each lack is told with the statement that ends it."""
    different, words = LACKS[lack]
    row = shop.asked(**different)

    assert row["outcome"] == "not met"
    assert words in " ".join([row["message"], *row["findings"]])
    assert row["hint"]


def spoil(shop: Restorable, how: Callable[[Path], object]) -> dict[str, Any]:
    """Spoil a plain dump, and ask."""
    dump = shop.home / "dump.sql"
    shop.database.postgres.client("pg_dump", "-f", str(dump), "shop")
    dump.chmod(0o600)
    how(dump)
    return shop.asked(dump=str(dump))


def test_a_dump_that_cannot_be_restored_turns_it_red(shop: Restorable) -> None:
    """One that is cut, and one that would leave the database."""
    cut = spoil(shop, lambda path: os.truncate(path, path.stat().st_size // 2))
    assert "is cut off" in str(cut["findings"])
    leaving = spoil(shop, lambda path: path.write_text("\\connect x\n" + path.read_text()))
    assert "not a PostgreSQL dump" in str(leaving["findings"])

    def connect(path: Path) -> None:
        path.write_text(path.read_text().replace("CREATE TABLE", "\\connect x\nCREATE TABLE", 1))

    assert "changes objects outside the database" in str(spoil(shop, connect)["findings"])


@pytest.fixture
def small(shop: Restorable) -> Iterator[Path]:
    """A place with the server's socket, which says that its data lie on a disk that is full."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small file system")
    with tempfile.TemporaryDirectory(prefix="pg-") as home:
        place, name = Path(home), f".s.PGSQL.{shop.database.postgres.port}"
        place.chmod(0o755)
        shop.database.postgres.socket.chmod(0o711)
        (place / name).symlink_to(shop.database.postgres.socket / name)
        (place / "data").mkdir()
        (place / f"{name}.lock").write_text(f"1\n{place / 'data'}\n")
        command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place / "data")]
        subprocess.run(command, check=True)
        yield place
        subprocess.run(["umount", str(place / "data")], check=True)


def test_too_little_room_turns_it_red(shop: Restorable, small: Path) -> None:
    """A second copy of the database would not fit; the place and the bytes are told."""
    row = shop.asked(host=str(small))

    assert row["outcome"] == "not met"
    (said,) = row["findings"]
    assert said.startswith(f"{small}/data has no space for a second copy of the database")


def test_a_server_elsewhere_is_inconclusive(shop: Restorable) -> None:
    """Whether its disk suffices cannot be told from here."""
    with (shop.database.postgres.directory / "data/pg_hba.conf").open("r+") as file:
        rules = file.read()
        file.seek(0)
        file.write("host all all 127.0.0.1/32 trust\n" + rules)
    shop.database.postgres.sql("SELECT pg_reload_conf()")
    row = shop.asked(host="127.0.0.1")

    assert row["outcome"] == "inconclusive"
    assert "pg_database_size" in row["hint"]


REHEARSED = "readiness.database.rehearsed"


def judged(shop: Restorable) -> dict[str, Any]:
    """Return the row of the criterion about rehearsals."""
    shop.pytest("suites/readiness/test_database.py")
    (row,) = [each for each in shop.record()["criteria"] if each["id"] == REHEARSED]
    return row


def test_a_restore_is_proven_before_it_is_needed(shop: Restorable) -> None:
    """Red until it is rehearsed, and red again once the dump is another one."""
    shop.describe()
    row = judged(shop)
    assert (row["outcome"], row["findings"]) == (
        "not met",
        ["no restore of the dump was rehearsed"],
    )
    assert "rollback rehearse" in row["hint"]

    code, printed = shop.rollback("rehearse")
    assert (code, "REHEARSED: the dump can be restored" in printed) == (0, True), printed
    assert "restored   2 tables, 5,000 rows in " in printed
    row = judged(shop)
    assert row["outcome"] == "met"
    assert row["evidence"]["rehearsal"]["rows"] == 5000
    shop.describe(database={**shop.document()["database"], "rehearsal": {"max_age": "1ms"}})
    assert "ago, more than 0 seconds" in str(judged(shop)["findings"])
    shop.describe()
    with shop.database.dump.open("ab") as dump:
        dump.write(b"\n")
    assert "was of another dump" in str(judged(shop)["findings"])


def test_a_dump_that_is_not_good_enough_ends_the_command(shop: Restorable) -> None:
    """With each reason, a hint, and a stamp that says so."""
    shop.describe()
    shop.database.sql("CREATE TABLE made_since AS SELECT 1 AS id")
    code, printed = shop.rollback("rehearse")
    shop.database.sql("DROP TABLE made_since")

    assert code == 1, printed
    assert "Refused: a restore of" in printed
    assert "lacks 1 of 3 tables that hold rows now: public.made_since" in " ".join(printed.split())
    assert "HINT: dump again" in printed
    assert "failed: the dump" in str(judged(shop)["findings"])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_who_stops_it_stops_all_of_it(shop: Restorable, number: signal.Signals) -> None:
    """The throw-away server and its directory are gone at once, and nothing is stamped."""
    shop.database.sql("CREATE VIEW slow AS SELECT 1 AS x FROM pg_sleep(30)")
    shop.database.sql("CREATE MATERIALIZED VIEW late AS SELECT * FROM slow WITH NO DATA")
    path, kept = shop.database.home / "slow", shop.database.dump
    shop.database.postgres.client("pg_dump", "-f", str(path), "shop")
    path.write_text(f"{path.read_text()}\nREFRESH MATERIALIZED VIEW public.late;\n")
    path.chmod(0o600)
    shop.database.sql("DROP VIEW slow CASCADE")
    stamp, scratch = shop.state / "rehearsal.json", Path(tempfile.mkdtemp(prefix="scratch-"))
    scratch.chmod(0o1777)
    stamp.unlink(missing_ok=True)
    table = {**shop.document()["database"], "dump": str(path)}
    shop.describe(database={**table, "rehearsal": {"scratch": str(scratch)}})
    command = [sys.executable, "scripts/rollback", "rehearse", f"--target={shop.manifest}"]
    begun = subprocess.Popen(command, cwd=REPOSITORY, start_new_session=True)
    until = time.monotonic() + 60
    while not any(scratch.glob("*/.s.PGSQL.*[0-9]")) and time.monotonic() < until:
        time.sleep(0.05)
    (os.killpg if number == signal.SIGINT else os.kill)(begun.pid, number)
    begun.wait(30)
    until = time.monotonic() + 20
    while any(scratch.iterdir()) and time.monotonic() < until:
        time.sleep(0.05)
    shop.database.dump = kept

    assert not any(scratch.iterdir())
    assert not stamp.exists()
    scratch.rmdir()


def test_a_system_without_a_database_has_nothing_to_rehearse(shop: Restorable) -> None:
    """It is told, with what to describe."""
    shop.manifest.write_text(tomli_w.dumps(Shop.document(shop)))
    code, printed = shop.rollback("rehearse")

    assert (code, "has no database to rehearse" in printed) == (4, True), printed
