"""What a dump lacks beside the live database: rows, and the role that owns its tables."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest

from pytest_rollback.agent.backup import save as backup_save
from pytest_rollback.agent.database.messages import DatabaseProblem
from pytest_rollback.agent.database.postgresql import contents, sql_script
from pytest_rollback.agent.database.record import of_dump
from tests.unit.agent.database import test_restore
from tests.unit.support.databases import FORMATS, Base
from tests.unit.support.deployed import saving

running, server, shop = test_restore.running, test_restore.server, test_restore.shop


def dumped(shop: Base, kind: str, *more: str) -> Path:
    """Return another dump of the previous release, made in some other way."""
    shop.fresh(kind)
    path = shop.home / f"other-{kind}-{len(more)}"
    path.unlink(missing_ok=True)
    shop.postgres.client("pg_dump", *FORMATS[kind], *more, "-f", str(path), "shop")
    path.chmod(0o600)
    return path


def said(shop: Base, path: Path) -> str:
    """Return what stands in the way of a dump."""
    return "\n".join(each.problem for each in shop.look(dump=str(path)).problems)


@pytest.mark.parametrize("kind", ["plain", "custom"])
def test_a_dump_without_rows_is_told(shop: Base, kind: str) -> None:
    """Whether it has none, or lacks those of one table; a whole one is fine."""
    assert said(shop, dumped(shop, kind)) == ""
    words = said(shop, dumped(shop, kind, "--schema-only"))
    assert "has no rows of " in words
    assert "public.goods" in words
    assert "public.goods" in said(shop, dumped(shop, kind, "--exclude-table-data=goods", "-x"))


@pytest.mark.parametrize("kind", ["plain", "custom"])
def test_a_dump_that_gives_tables_away_is_told(shop: Base, kind: str) -> None:
    """Who restores owns what names no owner; a dump of another role's tables is told with both."""
    assert said(shop, dumped(shop, kind, "--no-owner")) == ""
    shop.fresh(kind)
    shop.postgres.sql("ALTER TABLE goods OWNER TO reader", "shop")
    words = said(shop, shop.dump)
    assert "public.goods to shop instead of reader" in words
    shop.postgres.sql("ALTER TABLE goods OWNER TO shop", "shop")


BAD = DatabaseProblem("anything else", "mend it")


def test_a_dump_of_the_failed_release_is_told(shop: Base) -> None:
    """It is younger than all that the deploy has put there; one of before the deploy is not."""
    shop.fresh()
    root = shop.home / "root"
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir()
    (root / "a.py").write_text("1\n")
    backup_save.save(saving(root, shop.state, ["a.py"], added=["b.py"]))
    os.utime(shop.dump)
    time.sleep(0.05)
    (root / "b.py").write_text("2\n")
    assert shop.look(root=str(root)).problems == ()

    time.sleep(0.05)
    os.utime(shop.dump)
    (found,) = shop.look(root=str(root)).problems
    assert "after 2 was deployed at " in found.problem
    assert "return = 'keep'" in found.hint
    again = of_dump((found, BAD), shop.location()._replace(root=str(root)), str(shop.dump))
    assert again == [BAD]  # it may be for the deploy to come

    (root / "b.py").unlink()
    assert shop.look(root=str(root)).problems == ()  # nothing was deployed since the record


def test_names_are_read_as_the_catalog_has_them() -> None:
    """Quoted, with dots and quotes in them, without a schema, in any case."""
    lines = [
        b'CREATE TABLE public."Odd ""one"".two" (\n',
        b"    id integer\n",
        b");\n",
        b'COPY public."Odd ""one"".two" (id) FROM stdin;\n',
        b"CREATE TABLE public.not_a_table\n",
        b"\\.\n",
        b'ALTER TABLE public."Odd ""one"".two" OWNER TO "some one";\n',
        b"create unlogged table plain (id int);\n",
        b"INSERT INTO plain VALUES (1);\n",
        b"CREATE TABLE sales.part PARTITION OF sales.whole FOR VALUES IN (1);\n",
    ]
    found = sql_script.read(lines).tables

    assert found.made == {'public.Odd "one".two', "public.plain", "sales.part"}
    assert found.filled == {'public.Odd "one".two', "public.plain"}
    assert found.owners == {'public.Odd "one".two': "some one"}


def test_a_list_of_contents_is_read_with_spaces_in_names() -> None:
    """The owner is the last word, and may be missing."""
    found = contents.listed(
        "; Archive created at 2026-01-01\n"
        "215; 1259 16386 TABLE public two words shop\n"
        "216; 1259 16387 TABLE public bare \n"
        "3370; 0 16386 TABLE DATA public two words shop\n"
        "3371; 0 0 SEQUENCE SET public two_id_seq shop\n"
    )
    assert found.made == {"public.two words", "public.bare"}
    assert found.filled == {"public.two words"}
    assert found.owners == {"public.two words": "shop"}
