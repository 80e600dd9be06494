"""Dumps of SQLite: text that sqlite3 wrote, files, and both compressed; whole, cut and hostile."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from pytest_rollback.agent.database.messages import ENGINES
from pytest_rollback.agent.errors import HostError
from tests.unit.agent.database.engines.sqlite import SqliteShop

LEAVING = (
    "ATTACH '{home}/elsewhere' AS other; CREATE TABLE other.x (n);",
    "VACUUM INTO '{home}/elsewhere';",
    "PRAGMA temp_store_directory = '{home}';",
    "SELECT load_extension('{home}/elsewhere');",
)


@pytest.fixture
def shop(home: Path) -> SqliteShop:
    """A file without a log of its own."""
    found = SqliteShop(home)
    found.fresh()
    return found


@pytest.mark.parametrize("statement", LEAVING)
def test_a_dump_of_sql_cannot_leave_its_database(home: Path, statement: str) -> None:
    """What it would do elsewhere is told and not done."""
    shop = SqliteShop(home, kind="plain")
    shop.fresh()
    text = shop.dump.read_text()
    shop.dump.write_text(text.replace("COMMIT;\n", f"COMMIT;\n{statement.format(home=home)}\n"))

    assert "would change more than its own database" in shop.read().problems[0]
    with pytest.raises(HostError, match="would change more"):
        shop.ask(ENGINES["sqlite"].restore, shop.restoring(shop.look().digest))
    assert not (home / "elsewhere").exists()
    assert (shop.kept(), shop.release()) == (["shop.db_rollback_r1.build1"], "current")
    shop.undo()
    assert shop.kept() == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: text.replace("COMMIT;\n", ""), "does not end with COMMIT"),
        (lambda text: text.replace("COMMIT;\n", "ROLLBACK; -- due to errors\n"), "met errors"),
        (lambda text: text.replace("COMMIT;\n", "INSERT INTO goods VAL"), "does not end with"),
        (lambda text: text.replace("INTO goods", "INTO gods", 1), "no such table"),
        (lambda text: text.replace("VALUES(1,1)", "VALUES(1,9999)"), "refer to rows"),
    ],
)
def test_text_that_is_not_whole_is_told(home: Path, change: object, said: str) -> None:
    """sqlite3 says at the end whether it wrote all of it."""
    shop = SqliteShop(home, kind="plain")
    shop.fresh()
    shop.dump.write_text(change(shop.dump.read_text()))  # type: ignore[operator]

    assert said in str(shop.read().problems)


@pytest.mark.parametrize("kind", ["file", "plain"])
def test_a_compressed_dump_is_restored(home: Path, kind: str) -> None:
    """Of both kinds; one that is cut is told."""
    shop = SqliteShop(home, kind=kind)
    shop.fresh()
    whole = gzip.compress(shop.dump.read_bytes())
    shop.dump.write_bytes(whole[:-200])
    assert shop.read().problems
    shop.dump.write_bytes(whole)
    assert shop.look().format == f"{kind}, gzip"
    shop.restore()
    assert shop.release() == "previous"


def test_a_dump_that_others_can_read_is_told(shop: SqliteShop) -> None:
    """As with any engine."""
    shop.dump.chmod(0o644)
    assert "can be read or written by anybody" in shop.read().problems[0]


def test_numbers_of_the_file_that_text_does_not_hold_are_missed(home: Path) -> None:
    """`user_version` is where migrations of many programs are counted; `.dump` leaves it out."""
    shop = SqliteShop(home, kind="plain")
    shop.version = 0
    shop.fresh()
    shop.same()

    (said,) = shop.rehearse().problems
    assert "user_version" in said.problem
    assert ".backup" in said.hint
