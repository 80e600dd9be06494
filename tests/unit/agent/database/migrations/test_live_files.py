"""Which files of a release commands read that migrate its database, by the tool that does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_rollback.agent.database.migrations import live_files
from pytest_rollback.agent.database.migrations.tools import called
from pytest_rollback.agent.messages.location import Location

if TYPE_CHECKING:
    from pathlib import Path

READ: dict[str, tuple[list[str], list[str]]] = {
    "alembic": (
        ["alembic.ini", "db/env.py", "db/versions/a1_first.py", "db/versions/helper.py"],
        ["app/env.py", "db/versions/__pycache__/a1_first.cpython-311.pyc", "db/versions/notes.txt"],
    ),
    "Django": (
        ["shop/migrations/0001_initial.py", "shop/migrations/sums.py"],
        ["shop/models.py", "shop/migrations/0001.txt"],
    ),
    "Flyway": (["sql/V1__goods.sql", "sql/U1__goods.sql"], ["other/U1.sql"]),
    "golang-migrate": (["m/1_goods.up.sql", "m/1_goods.down.sql"], ["m/notes.md"]),
    "Rails": (["db/migrate/20260101_goods.rb"], ["app/models/goods.rb"]),
    "Prisma": (["migrations/1_goods/migration.sql", "migrations/1_goods/down.sql"], ["x/down.sql"]),
    "Liquibase": (["changes/goods.xml"], ["config/other.xml"]),
    "Laravel": (["database/migrations/2026_goods.php"], ["app/goods.php"]),
    "Knex": (["migrations/1_goods.js"], ["src/goods.js"]),
}
"""What a tool reads, and what lies beside that."""

CONTENT = {"changes/goods.xml": "<databaseChangeLog/>"}


def written(root: Path, *paths: str) -> Location:
    """Write files below a root."""
    for path in paths:
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(CONTENT.get(path, path))
    return Location(str(root), str(root / "state"), ".backup", "")


@pytest.mark.parametrize("tool", READ)
def test_what_a_tool_reads_is_known_by_its_migrations(tmp_path: Path, tool: str) -> None:
    """With their ways back, and without what lies elsewhere, or is compiled."""
    reads, others = READ[tool]
    place = written(tmp_path, *reads, *others)
    found = live_files.read(place, called(tool), ())

    assert [each.path for each in found] == sorted(reads)
    for path in reads:
        written(tmp_path, path)
        (tmp_path / path).write_text(f"{CONTENT.get(path, '')} altered")
        assert live_files.read(place, called(tool), ()) != found
        written(tmp_path, path)
    for path in others:
        (tmp_path / path).write_text("altered")
    assert live_files.read(place, called(tool), ()) == found


def test_without_a_tool_nothing_is_known_but_what_is_named(tmp_path: Path) -> None:
    """By patterns of paths below the root; `**` crosses directories."""
    place = written(tmp_path, "undo/1.sql", "undo/more/2.sql", "undo/notes.txt", "env.py")
    found = [
        [each.path for each in live_files.read(place, called(""), patterns)]
        for patterns in ((), ("undo/*.sql",), ("undo/**/*.sql", "env.py"))
    ]

    assert found == [[], ["undo/1.sql"], ["env.py", "undo/1.sql", "undo/more/2.sql"]]


def test_two_tools_at_a_time_are_both_known(tmp_path: Path) -> None:
    """As the head of a database names them."""
    place = written(tmp_path, "db/versions/a1.py", "shop/migrations/0001_x.py")
    found = live_files.read(place, called("alembic and Django"), ())

    assert [each.path for each in found] == ["db/versions/a1.py", "shop/migrations/0001_x.py"]


def test_very_many_files_are_told_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stamp stays small; that one of them has changed is told all the same."""
    monkeypatch.setattr(live_files, "MOST", 2)
    place = written(tmp_path, *(f"shop/migrations/000{n}_x.py" for n in range(3)))
    (before,) = live_files.read(place, called("Django"), ())
    (tmp_path / "shop/migrations/0001_x.py").write_text("altered")
    (after,) = live_files.read(place, called("Django"), ())

    assert before.path == after.path == "one of 3 files"
    assert before.digest != after.digest


def test_what_cannot_be_read_is_told_apart_from_what_can(tmp_path: Path) -> None:
    """A link instead of the file that was rehearsed is another one."""
    place = written(tmp_path, "shop/migrations/0001_x.py", "shop/other.txt")
    (before,) = live_files.read(place, called("Django"), ())
    (tmp_path / "shop/migrations/0001_x.py").unlink()
    (tmp_path / "shop/migrations/0001_x.py").symlink_to("../other.txt")

    assert live_files.read(place, called("Django"), ()) != (before,)
