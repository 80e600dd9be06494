"""What only a file of SQLite has: a log beside it, an owner, processes that hold it open."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from pytest_rollback.agent.database.messages import ENGINES, MigrationsRequest
from pytest_rollback.agent.database.sqlite import library, live
from pytest_rollback.agent.errors import HostError
from pytest_rollback.errors import ManifestError
from pytest_rollback.extras.database import requests
from pytest_rollback.manifest.load import parse
from tests.unit.agent.database.engines.sqlite import ACCOUNT, PYTHON, SqliteShop
from tests.unit.manifest.test_applicability import BARE
from tests.unit.support.apart import ROOT_ONLY

CRASHING = """
import os, sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute("PRAGMA cache_size = 1")
database.execute("PRAGMA wal_autocheckpoint = 0")
database.execute("BEGIN")
database.execute("UPDATE goods SET words = 'current '")
if sys.argv[2] == "committed":
    database.execute("COMMIT")
os.kill(os.getpid(), 9)
"""
"""A service that dies in the midst of its work, or right after it."""


@pytest.fixture
def shop(home: Path) -> SqliteShop:
    """A file without a log of its own."""
    found = SqliteShop(home)
    found.fresh()
    return found


@pytest.fixture
def logged(home: Path) -> SqliteShop:
    """A file whose service writes into a log beside it."""
    found = SqliteShop(home, wal=True)
    found.fresh()
    return found


def crash(shop: SqliteShop, when: str) -> None:
    """Have the service die."""
    with pytest.raises(subprocess.CalledProcessError) as dead:
        shop.run([PYTHON, "-c", CRASHING, str(shop.live), when])
    assert dead.value.returncode == -signal.SIGKILL


def words(shop: SqliteShop) -> str:
    """Return what the goods of the live database say, as its service sees it."""
    code = (
        "import sqlite3, sys; print(*sqlite3.connect(sys.argv[1]).execute("
        "'SELECT DISTINCT words FROM goods').fetchall()[0])"
    )
    more = {"user": ACCOUNT} if ACCOUNT else {}
    argv = [PYTHON, "-c", code, str(shop.live)]
    done = subprocess.run(argv, check=True, capture_output=True, text=True, cwd="/", **more)  # type: ignore[call-overload]
    return str(done.stdout.rstrip("\n"))


@pytest.mark.parametrize(("wal", "when"), [(True, "committed"), (False, "in the midst")])
def test_what_a_dead_service_left_beside_the_file_is_not_lost(
    home: Path,
    wal: bool,  # noqa: FBT001
    when: str,
) -> None:
    """Its log holds what was committed, its journal what was not: both come back with an undo."""
    shop = SqliteShop(home, wal=wal)
    shop.fresh()
    crash(shop, when)
    end = "-wal" if wal else "-journal"
    assert (shop.place / f"shop.db{end}").stat().st_size
    before = {end: (shop.place / f"shop.db{end}").read_bytes(), "": shop.live.read_bytes()}

    shop.restore()
    assert shop.release() == "previous"
    assert not (shop.place / f"shop.db{end}").exists()
    for each, content in before.items():
        assert (shop.place / f"shop.db_failed_r1{each}").read_bytes() == content
    shop.undo()
    assert words(shop) == ("current " if when == "committed" else "current")


@pytest.mark.parametrize("way", ["restore", "undo"])
def test_a_kill_with_a_log_beside_the_file_loses_nothing_of_it(
    logged: SqliteShop, way: str
) -> None:
    """At no step is a log beside a file that it is not of."""
    died, point = 0, 0
    while True:
        point += 2
        logged.fresh()
        crash(logged, "committed")
        if way == "undo":
            logged.restore()
        process = logged.dying(way, point)
        _, said = process.communicate(timeout=60)
        assert process.returncode in {0, -signal.SIGKILL}, said.decode()
        if process.returncode == 0:
            break
        died += 1
        assert logged.release() in {"current", "previous"}
        if way == "restore":
            logged.restore()
            assert logged.release() == "previous"
        logged.undo()
        assert words(logged) == "current "
    assert died > 4


def test_nothing_is_swapped_under_a_process_that_has_the_file_open(logged: SqliteShop) -> None:
    """It is named; once it is gone the same call goes on."""
    code = "import sqlite3, sys; d = sqlite3.connect(sys.argv[1]); d.execute('SELECT 1 FROM goods')"
    argv = [sys.executable, "-c", f"{code}; print(flush=True); input()", str(logged.live)]
    holder = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert holder.stdout
    holder.stdout.readline()
    with pytest.raises(HostError, match="is open in python") as refused:
        logged.restore()

    assert f"({holder.pid})" in refused.value.message
    assert f"fuser -v {logged.live}" in refused.value.hint
    assert logged.release() == "current"
    holder.communicate(b"\n", 10)
    logged.restore()
    assert logged.release() == "previous"


def test_owner_group_mode_and_journal_are_carried_over(logged: SqliteShop) -> None:
    """The service opens the restored file as it opened the live one."""
    before = logged.live.stat()
    logged.restore()
    after = logged.live.stat()

    same = [(each.st_uid, each.st_gid, each.st_mode) for each in (before, after)]
    assert same[0] == same[1]
    with closing(sqlite3.connect(logged.live)) as database:
        assert database.execute("PRAGMA journal_mode").fetchone()[0] == "wal"


@ROOT_ONLY
def test_nothing_of_roots_is_opened(shop: SqliteShop) -> None:
    """A file of root's is told, by each question."""
    os.chown(shop.live, 0, 0)

    (said,) = shop.look().problems
    assert "nothing of it is opened as root" in said.problem
    assert "chown" in said.hint
    assert "as root" in shop.ping().problem
    with pytest.raises(HostError, match="as root"):
        shop.rehearse()


@ROOT_ONLY
def test_a_directory_in_which_the_account_may_make_nothing_is_told(shop: SqliteShop) -> None:
    """SQLite needs it as well: its journal lies there."""
    os.chown(shop.place, 0, 0)

    (said,) = shop.look().problems
    assert f"{ACCOUNT} may not make files beside" in said.problem


def test_a_link_is_not_swapped(shop: SqliteShop) -> None:
    """The file that it leads to is to be named."""
    real = shop.place / "real.db"
    shop.live.rename(real)
    shop.live.symlink_to(real)

    (said,) = shop.look().problems
    assert ("regular file" in said.problem, "readlink -f" in said.hint) == (True, True)


def test_a_copy_of_a_file_in_use_is_no_dump(logged: SqliteShop) -> None:
    """`cp` takes the file without its log, or with a log that nobody restores."""
    crash(logged, "committed")
    shutil.copy(logged.live, logged.dump)
    shutil.copy(f"{logged.live}-wal", f"{logged.dump}-wal")

    assert "the copy of a file in use" in logged.read().problems[0]


def test_losses_and_newer_rows_are_counted(shop: SqliteShop) -> None:
    """By table and by the columns that are named; tables to ignore do not count."""
    shop.same()
    shop.sql("INSERT INTO orders (good) VALUES (1), (2), (3)")
    found = shop.rehearse(newest=("orders.id", 'main."goods".id'))

    assert [(each.table, each.restored, each.live) for each in found.lost] == [("orders", 100, 103)]
    assert [each.rows for each in found.newer] == [3, 0]
    assert found.problems == ()
    shop.sql("DELETE FROM orders")
    shop.same()
    shop.sql("INSERT INTO orders (good) VALUES (1)")
    assert "no rows for 1 of 2 tables" in str(shop.rehearse().problems)
    assert shop.rehearse(ignore=("orders",)).problems == ()


def test_a_long_name_and_a_long_run_have_room_for_what_lies_beside() -> None:
    """Two runs never share a name."""
    long, other = (live.names(f"/srv/{'d' * 200}", "r" * 90 + end) for end in "ab")

    assert all(len(f"{name}.build99-journal".encode()) < 256 for name in (*long, *other)[3:4])
    assert len({*long, *other}) == 8  # the directory and the live name are the same


def test_another_file_in_the_place_of_the_restored_one_is_not_taken_for_it(
    shop: SqliteShop,
) -> None:
    """Neither is the kept one overwritten by a second restore of the same run."""
    shop.restore()
    kept = (shop.place / "shop.db_failed_r1").read_bytes()
    replaced = shop.place / "copy"
    shutil.copy(shop.live, replaced)
    replaced.replace(shop.live)
    if ACCOUNT:
        shutil.chown(shop.live, ACCOUNT)
    assert not shop.look().restored
    with pytest.raises(HostError, match="not the file any more"):
        shop.ask(ENGINES["sqlite"].restore, shop.restoring(shop.look().digest))
    shop.damaged("a table missing")
    with pytest.raises(HostError, match="another dump already"):
        shop.ask(ENGINES["sqlite"].restore, shop.restoring(shop.look().digest))
    assert (shop.place / "shop.db_failed_r1").read_bytes() == kept


def test_a_python_without_sqlite_is_told(shop: SqliteShop, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the package that has it."""
    real = library.source
    lacking = real().replace("import sqlite3", "import sqlite3_gone as sqlite3")
    monkeypatch.setattr(library, "source", lambda: lacking)
    assert "no SQLite" in shop.ping().problem
    with pytest.raises(HostError) as refused:
        shop.rehearse()
    assert "libpython3-stdlib" in refused.value.hint


def test_migrations_are_read(shop: SqliteShop) -> None:
    """Of the tools that are known; without a record of a previous release nothing is said."""
    shop.sql("CREATE TABLE alembic_version (version_num); INSERT INTO alembic_version VALUES (1)")
    request = MigrationsRequest(shop.located(), shop.access())
    with pytest.raises(HostError, match="backup"):
        shop.ask(ENGINES["sqlite"].migrations, request)


def test_an_account_without_a_name_is_told() -> None:
    """Nobody can become it."""
    status = os.stat_result((0o100644, 1, 1, 1, 54321, 54321, 0, 0, 0, 0))
    if os.geteuid() == 0:
        with pytest.raises(KeyError):
            pwd.getpwuid(54321)
    with pytest.raises(HostError, match="belongs to 54321"):
        live.owner("/srv/shop.db", status)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"name": "shop"}, "absolute path of the live file"),
        ({"name": "/srv/../shop.db"}, "absolute path"),
        ({"port": 5432, "user": "shop"}, "leave out port, user"),
    ],
)
def test_a_description_that_is_of_a_server_is_refused(keys: dict[str, object], said: str) -> None:
    """With what is wrong, before anything is asked."""
    with pytest.raises(ManifestError) as refused:
        parse({**BARE, "database": {**FILE, **keys}}, "rollback.toml")
    assert said in f"{refused.value} {refused.value.findings}"


def test_a_described_file_is_asked_of_its_engine() -> None:
    """Each question by its name; without a server, and with the way to make a dump."""
    system = parse({**BARE, "database": FILE}, "rollback.toml")
    described = system.database
    assert described
    calls = (requests.dump, requests.ping, requests.migrations, requests.rehearsal)

    assert {each(system, described).name for each in calls} == {
        f"database.sqlite.{verb}" for verb in ("dump", "answer", "migrations", "rehearse")
    }
    assert requests.access(system, described).host == ""
    assert requests.dumping(described) == "sqlite3 /srv/shop.db '.backup /var/backups/shop.db'"


FILE = {"engine": "sqlite", "name": "/srv/shop.db", "dump": "/var/backups/shop.db"}
