"""Databases among the files of a backup set are known by their bytes."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING

import pytest

from pytest_rollback.agent.backup import verify
from pytest_rollback.agent.messages.backup.verify import BackupsRequest
from pytest_rollback.agent.messages.location import Selection
from pytest_rollback.agent.state.releases import databases
from tests.unit.agent.backup.test_links import Linked
from tests.unit.support.deployed import Deploy
from tests.unit.support.requests import located

if TYPE_CHECKING:
    from pathlib import Path

MESH = "core/mesh/mesh.py"


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_a_file_of_sqlite_is_found_whatever_its_name_is(tmp_path: Path, mode: str) -> None:
    """One that a deploy would change, and a rollback would take back with all rows since."""
    deploy = Deploy(tmp_path)
    live = deploy.root / MESH
    live.unlink()
    with contextlib.closing(sqlite3.connect(live)) as database:
        database.execute(f"PRAGMA journal_mode = {mode}")
        database.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY)")
        database.commit()
    deploy.save()

    assert deploy.look().databases == (f"{MESH}: SQLite",)


def test_one_in_the_directory_of_the_previous_release_is_found(tmp_path: Path) -> None:
    """The link leads away from what users write now; a link to what all releases share does not."""
    site = Linked(tmp_path)
    for place in (site.place("1") / "db", site.root / "shared"):
        place.mkdir(exist_ok=True)
        with contextlib.closing(sqlite3.connect(place / "orders")) as database:
            database.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY)")
            database.commit()
    (site.place("1") / "shared.db").symlink_to(site.root / "shared/orders")
    site.deploy()
    found = verify.look(BackupsRequest(located(site.root, site.state), Selection(())))

    assert found.databases == ("current/db/orders: SQLite",)


def test_files_of_code_are_none(tmp_path: Path) -> None:
    """Not even one whose size could be that of a database, or that begins as one."""
    deploy = Deploy(tmp_path)
    (deploy.root / MESH).write_bytes(b"# SQLite format 3".ljust(databases.PAGE, b"\n"))
    deploy.save()

    assert deploy.look().databases == ()


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"SQLite format 3\0" + b"\x10\0", "SQLite"),
        (b"12345678DUCK", "DuckDB"),
        (b"\0" * 12 + b"\x62\x31\x05\x00", "Berkeley DB"),
        (b"\0" * 16 + b"\xde\xc0\xef\xbe", "LMDB"),
        (b"\0" * 16 + b"\xed\xda\x0c\xed", "bolt"),
        (b"SQLite format 2\0", ""),
        (b"", ""),
    ],
)
def test_kinds_are_told_apart(head: bytes, kind: str) -> None:
    """By what their own programs look for."""
    assert databases.kind(head) == kind
