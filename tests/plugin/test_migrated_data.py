"""A rollback that migrates a database back: rehearsed, told, carried out, undone, reported."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.plugin.shop import Shop
from tests.unit.support.databases import Base, base

REVISION = 'revision = "{}"\ndown_revision = {}\ndef downgrade(): {}\n'
UP = """ALTER TABLE goods ADD COLUMN price int; UPDATE goods SET price = 7 WHERE id <= 12;
UPDATE alembic_version SET version_num = 'two';"""
DOWN = """ALTER TABLE goods DROP COLUMN price; UPDATE alembic_version SET version_num = 'one';"""


class Migrated(Shop):
    """A shop whose current release has migrated its database, and names its way back."""

    def __init__(self, home: Path, database: Base) -> None:
        super().__init__(home)
        self.database = database
        self.named: dict[str, Any] = {"down": ["./down.sh"], "up": ["./up.sh"], "component": "web"}

    def document(self) -> dict[str, Any]:
        """Return the description, with the database."""
        access = self.database.access()._asdict()
        keys = ("name", "dump", "host", "port", "user", "tools")
        table = {**{key: access[key] for key in keys}, "return": "migrate", "migrate": self.named}
        return {**super().document(), "database": table}

    def sections(self) -> list[str]:
        """Start units in the root, where the commands run as well."""
        return [f"{each}directory={self.root}\n" for each in super().sections()]

    def save(self, **more: object) -> None:
        """Save the set with the migration that the deploy adds."""
        super().save(added=["versions/two.py"], **more)

    def script(self, name: str, sql: str) -> None:
        """Write a script that runs statements as the system's role."""
        postgres = self.database.postgres
        where = f"-h {postgres.socket} -p {postgres.port} -U shop"
        (self.root / f"{name}.sql").write_text(sql)
        words = f"exec {postgres.tools}/psql {where} -qX -v ON_ERROR_STOP=1 -f {name}.sql shop"
        (self.root / f"{name}.sh").write_text(f"#!/bin/sh\n{words}\n")
        (self.root / f"{name}.sh").chmod(0o755)

    def up(self) -> None:
        """Deploy, with the migration."""
        versions = self.root / "versions"
        versions.mkdir(parents=True)
        (versions / "one.py").write_text(REVISION.format("one", "None", "pass"))
        self.database.sql("CREATE TABLE alembic_version AS SELECT 'one'::text AS version_num")
        super().up()
        words = REVISION.format("two", '"one"', "op.drop_column('goods', 'price')")
        (versions / "two.py").write_text(words)
        self.script("down", DOWN)
        self.script("up", UP)
        self.database.sql(UP)

    def head(self) -> str:
        """Return where the live database is."""
        return self.database.sql("SELECT version_num FROM alembic_version")

    def judged(self) -> dict[str, Any]:
        """Return the row of the criterion about the way back."""
        self.pytest("suites/readiness/test_database.py")
        rows = self.record()["criteria"]
        (row,) = [each for each in rows if each["id"] == "readiness.database.migrated"]
        return dict(row)


@pytest.fixture
def shop() -> Iterator[Migrated]:
    """A shop that runs its current release, one migration ahead."""
    with base() as database:
        database.fresh()
        home = Path(tempfile.mkdtemp(prefix="shop-"))
        home.chmod(0o755)
        shop = Migrated(home, database)
        shop.up()
        yield shop
        shop.down()


def test_a_database_is_migrated_back_and_forward_again(shop: Migrated) -> None:
    """The whole way: red, rehearsed, refused without the loss, done, reported, undone."""
    row = shop.judged()
    assert row["findings"] == ["no way back of the database was rehearsed"]
    code, printed = shop.pytest("suites/drill", "--arm=corner", "--accept-loss=12rows")
    assert (code, "no way back of the database was rehearsed" in printed) == (1, True), printed

    code, printed = shop.rollback("rehearse")
    assert code == 0, printed
    assert "loses      12 values of public.goods.price" in printed
    assert shop.judged()["outcome"] == "met"
    shop.baseline()
    two = shop.root / "versions/two.py"
    rehearsed = two.read_text()
    two.write_text(f"{rehearsed}# edited since\n")
    (said,) = shop.judged()["findings"]
    assert said.endswith("was with other files: versions/two.py has changed")
    code, printed = shop.pytest("suites/drill", "--arm=corner", "--accept-loss=12rows")
    assert (code, "versions/two.py has changed" in printed) == (1, True), printed
    two.write_text(rehearsed)

    code, printed = shop.pytest("suites/drill", "--arm=corner")
    assert code == 13, printed
    assert "migrating of shop loses 12 values of public.goods.price" in " ".join(printed.split())
    (typed,) = set(re.findall(r"--accept-loss=(\w+)", printed))
    assert (typed, shop.head()) == ("12rows", "two")
    code, printed = shop.pytest("suites/drill", "--arm=corner", f"--accept-loss={typed}")
    assert (code, shop.head()) == (0, "one"), printed
    said = " ".join(printed.split())
    assert "the database shop was migrated back in" in said
    assert "lost are 12 values of public.goods.price" in said
    data = shop.record()["data"]
    assert (data["how"], data["rows"], data["seconds"]) == ("migrate", 12, None)

    run = str(shop.record()["run"])
    code, printed = shop.rollback("undo", run, "--arm=corner")
    assert (code, shop.head()) == (0, "two"), printed
    assert "and run ./up.sh" in printed
