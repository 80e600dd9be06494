"""What is of MariaDB alone: what stands in the way of a swap, locks, and who may do what."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_rollback.agent.database.mariadb import client, swap
from pytest_rollback.agent.database.messages import ENGINES, DatabaseAccess
from pytest_rollback.agent.errors import HostError
from tests.unit.agent.database.engines.mariadb import MariadbShop
from tests.unit.agent.database.engines.mariadb_server import program

if TYPE_CHECKING:
    from tests.unit.agent.database.engines.mariadb_server import MariadbServerOfTests

RESTORE = ENGINES["mariadb"].restore


@pytest.fixture
def shop(mariadb: MariadbServerOfTests, home: Path) -> MariadbShop:
    """A shop with the current release live."""
    found = MariadbShop(mariadb, home)
    found.fresh()
    return found


def refused(shop: MariadbShop, words: str) -> None:
    """The restore is refused with these words, and the live database is whole."""
    with pytest.raises(HostError, match=words):
        shop.ask(RESTORE, shop.restoring(shop.look().digest))
    assert shop.release() == "current"
    shop.undo()
    assert (shop.release(), shop.kept()) == ("current", [])


def test_a_compressed_dump_becomes_the_live_database_and_back(
    mariadb: MariadbServerOfTests, home: Path
) -> None:
    """It is unpacked on the way."""
    shop = MariadbShop(mariadb, home, zipped=True)
    shop.fresh()
    assert shop.look().format == "plain, gzip"
    shop.restore()
    assert shop.release() == "previous"
    shop.undo()
    assert shop.release() == "current"
    whole = shop.dump.read_bytes()
    shop.dump.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(HostError, match="cannot be read completely"):
        shop.ask(RESTORE, shop.restoring(shop.look("r2").digest, "r2"))


@pytest.mark.parametrize("name", ["we`ird na-me", "with_under%score", "quo'te\"d", "ünï"])
def test_a_database_may_have_any_name(mariadb: MariadbServerOfTests, home: Path, name: str) -> None:
    """It is restored and comes back; the hint about privileges can be pasted."""
    shop = OddShop(mariadb, home, name)
    problem, *_ = shop.look().problems
    mariadb.client(text=problem.hint.partition(": ")[2])
    shop.restore()
    assert shop.rows() == "1"
    assert shop.look().restored
    shop.undo()
    assert shop.rows() == "2"
    for each in (name, f"{name}_rollback_r1"):
        mariadb.client(text=f"DROP DATABASE {client.quoted(each)}")


class OddShop(MariadbShop):
    """A database with one table, under any name."""

    def __init__(self, server: MariadbServerOfTests, home: Path, name: str) -> None:
        super().__init__(server, home)
        self.name, self.state = name, home / "state"
        own = client.quoted(name)
        pattern = own.replace("_", "\\_").replace("%", "\\%")
        server.client(
            text=f"CREATE DATABASE {own}; CREATE TABLE {own}.`t 1` (a INT); INSERT INTO {own}.`t 1`"  # noqa: S608 - quoted
            " VALUES (1); CREATE OR REPLACE USER odd@localhost;"
            f"GRANT ALL ON {pattern}.* TO odd@localhost"
        )
        server.dump(self.dump, name)
        server.client(name, text="INSERT INTO `t 1` VALUES (2)")

    def rows(self) -> str:
        """Return how many rows its table has."""
        return self.server.client(self.name, text="SELECT count(*) FROM `t 1`", user="odd")

    def access(self) -> DatabaseAccess:
        """Return how it is reached."""
        return super().access()._replace(name=self.name, user="odd")


def test_a_trigger_of_a_live_table_stands_in_the_way(shop: MariadbShop) -> None:
    """It is named by the look, before anything is stopped."""
    shop.server.client(
        "shop", text="CREATE TRIGGER kept BEFORE DELETE ON goods FOR EACH ROW SET @a = 1"
    )

    assert any("trigger kept of goods" in each.problem for each in shop.look().problems)
    refused(shop, "trigger kept of goods")


def test_a_table_of_another_database_that_refers_to_one_stands_in_the_way(
    shop: MariadbShop,
) -> None:
    """Its key would follow the failed table."""
    shop.server.client(
        text="CREATE DATABASE shop_more; CREATE TABLE shop_more.t (g INT, FOREIGN KEY (g) "
        "REFERENCES shop.goods (id))"
    )

    assert any("shop_more.t refers to goods" in each.problem for each in shop.look().problems)
    shop.server.client(text="DROP DATABASE shop_more")


def test_a_view_that_the_deploy_changed_is_refused(shop: MariadbShop) -> None:
    """Views stay where they are, so that one which the dump has otherwise cannot come back."""
    shop.sql("CREATE OR REPLACE VIEW sold AS SELECT good, count(*) + 0 AS n FROM orders GROUP BY 1")

    found = shop.rehearse()

    assert any("view sold" in each.problem for each in found.problems + found.unsure)
    refused(shop, "view sold")


def test_a_user_who_may_not_make_databases_is_told(shop: MariadbShop) -> None:
    """With the statement that allows it."""
    shop.server.client(text="REVOKE ALL ON `shop\\_%`.* FROM shop@localhost")
    problem, *_ = shop.look().problems

    assert "may not make the databases of a restore" in problem.problem
    shop.server.client(text=problem.hint.partition(": ")[2])
    assert shop.look().problems == ()


def test_who_holds_a_table_is_waited_for_and_named(
    shop: MariadbShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then nothing was renamed, and the same call goes on."""
    monkeypatch.setattr(swap, "SWAPPING", 1)
    argv = [program("mariadb"), "--no-defaults", f"--socket={shop.server.socket}", "--user=root"]
    with subprocess.Popen([*argv, "--unbuffered"], stdin=subprocess.PIPE) as held:
        assert held.stdin
        held.stdin.write(b"BEGIN; SELECT * FROM shop.orders LIMIT 1; DO SLEEP(0);\n")
        held.stdin.flush()
        time.sleep(0.5)
        with pytest.raises(HostError, match="could not be swapped") as told:
            shop.ask(RESTORE, shop.restoring(shop.look().digest))
        assert "PROCESSLIST" in told.value.hint
        assert shop.release() == "current"
    assert shop.restore().swap
    assert shop.release() == "previous"


def test_sessions_of_the_service_are_ended(shop: MariadbShop) -> None:
    """Those that are left in the database, as far as its user may."""
    argv = [program("mariadb"), "--no-defaults", f"--socket={shop.server.socket}", "--user=shop"]
    with subprocess.Popen(
        [*argv, "shop"], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as held:
        assert held.stdin
        held.stdin.write(b"BEGIN; SELECT * FROM goods LIMIT 1; DO SLEEP(0);\n")
        held.stdin.flush()
        time.sleep(0.5)
        done = shop.restore()

    assert done.swap
    assert done.swap.sessions == 1


def test_what_is_newer_than_the_dump_is_counted(shop: MariadbShop) -> None:
    """By a column that was named; and a table to ignore is not compared."""
    shop.same()
    shop.sql(
        "INSERT INTO goods (id, words) VALUES (9000, 'x'), (9001, 'x'); CREATE TABLE new (n INT)"
    )
    found = shop.rehearse(newest=("goods.id",), ignore=("new",))

    assert [tuple(each) for each in found.newer] == [("goods.id", 2)]
    assert (found.problems, [each.table for each in found.lost]) == ((), ["goods"])


def test_nothing_is_left_of_a_rehearsal_that_was_killed(shop: MariadbShop, home: Path) -> None:
    """Its server and its directory are gone soon after."""
    scratch = home / "scratch"
    scratch.mkdir(mode=0o777)
    scratch.chmod(0o777)
    child = os.fork()
    if not child:  # pragma: no cover - in the other process
        shop.rehearse(scratch=str(scratch))
        os._exit(0)
    until = time.monotonic() + 60
    while not list(scratch.glob("*/s")) and time.monotonic() < until:
        time.sleep(0.02)
    assert list(scratch.glob("*/s"))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    while any(scratch.iterdir()) and time.monotonic() < until:
        time.sleep(0.1)

    assert not list(scratch.iterdir())
    assert (
        str(scratch)
        not in subprocess.run(
            ["ps", "-eo", "args"], capture_output=True, text=True, check=True
        ).stdout
    )
    assert (shop.release(), shop.kept()) == ("current", [])


def test_a_host_without_the_client_is_told(
    shop: MariadbShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the package that brings it."""
    monkeypatch.setattr(client, "CLIENTS", ("no-such-client",))
    with pytest.raises(HostError, match="there is no no-such-client") as told:
        shop.look()

    assert "mariadb-client" in told.value.hint
