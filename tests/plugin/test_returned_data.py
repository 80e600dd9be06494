"""A rollback that restores a database: what users lose is told, typed, carried out and reported."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_rollback.extras.incident import postmortem
from tests.plugin.shop import Shop
from tests.plugin.terminal import Terminal
from tests.unit.support.databases import Base, base

NAME = "to change corner, type its name: "
LOSS = "what the restore loses by the plan above, such as 79m: "


class Store(Shop):
    """A shop with a database, which a rollback restores unless it is described otherwise."""

    how = "restore"

    def __init__(self, home: Path, database: Base) -> None:
        super().__init__(home)
        self.database = database

    def document(self) -> dict[str, Any]:
        """Return the description, with the database."""
        access = self.database.access()._asdict()
        keys = ("name", "dump", "host", "port", "user", "tools")
        table = {**{key: access[key] for key in keys}, "return": self.how}
        return {**super().document(), "database": table}

    def live(self) -> str:
        """Return which release the live rows are of."""
        return self.database.sql("SELECT DISTINCT split_part(words, ' ', 1) FROM goods")


@pytest.fixture
def store() -> Iterator[Store]:
    """A store that runs its current release, whose dump is of before the deploy, and rehearsed."""
    with base() as database:
        database.fresh()
        database.sql("ALTER TABLE goods DROP COLUMN more")
        database.sql("INSERT INTO goods SELECT i, 'current' FROM generate_series(5001, 5003) i")
        os.utime(database.dump, (1, 1))
        store = Store(Path(tempfile.mkdtemp(prefix="store-")), database)
        store.up()
        yield store
        store.down()


def lost(store: Store, code: int, printed: str) -> str:
    """Return what the plan says that is lost, once it is refused; nothing was changed."""
    assert (code, "nobody has accepted that" in printed) == (13, True), printed
    assert (store.root / "motto.txt").read_text() == "previous\n# current\n"
    assert store.live() == "current"
    return re.findall(r"--accept-loss=(\w+)", printed)[0]


def test_what_users_lose_is_typed_before_anything_is_stopped(store: Store) -> None:
    """Armed is not enough, and neither is a wrong word; the reports have what was lost."""
    code, printed = store.rollback("rehearse")
    assert code == 0, printed
    store.baseline()
    time = lost(store, *store.pytest("suites/drill", "--arm=corner"))
    assert re.fullmatch(r"\d+[smh]", time)
    where = ("scripts/rollback", "now", f"--rollback-target={store.manifest}")
    with Terminal(*where, ROLLBACK_REPORTS=str(store.reports)) as terminal:
        terminal.until("a restore of shop loses ")
        terminal.until("(3 rows when")
        terminal.until(NAME)
        terminal.type("corner\n")
        terminal.until(LOSS)
        terminal.type("yes\n")
        code, shown = terminal.over()
    assert (code, "--accept-loss=79m" in shown) == (4, True), shown
    assert store.live() == "current"

    with Terminal(*where, ROLLBACK_REPORTS=str(store.reports)) as terminal:
        terminal.until(NAME)
        terminal.type("corner\n")
        terminal.until(LOSS)
        terminal.type(f"{time}\n")
        code, shown = terminal.over()
    assert (code, "RECOVERED by rollback in" in shown) == (0, True), shown
    assert store.live() == "previous"
    assert "the database shop was restored: lost is what users wrote in" in " ".join(shown.split())
    record = store.record()
    data, page = record["data"], store.reports / record["run"] / "report.html"
    assert (data["how"], data["database"]) == ("restore", "shop")
    assert (data["seconds"] > 0, data["rows"]) == (True, 3)
    assert data["sentence"] in page.read_text()
    assert "the database shop was restored" in postmortem.draft(page.parent)

    back = ("undo", str(record["run"]), "--arm=corner")
    code, printed = store.rollback(*back)
    assert (code, "taking back the restore of shop loses " in printed) == (13, True), printed
    assert store.live() == "previous"
    code, printed = store.rollback(*back, "--accept-loss=1h")
    assert (code, store.live()) == (0, "current"), printed
    assert "the database shop is the one from before again" in printed


def test_a_database_that_is_kept_is_said_to_be(store: Store) -> None:
    """Nobody has to accept anything; plan, summary and report say that nothing was lost."""
    store.how = "keep"
    store.describe()
    plan = " ".join(store.pytest("suites/drill", "--dry-run")[1].split())
    assert "the database shop stays as it is (return = 'keep')" in plan
    code, printed = store.pytest("suites/drill", "--arm=corner")

    assert (code, store.live()) == (0, "current"), printed
    assert "the database shop was kept as it was: none of its data is lost" in printed
    assert store.record()["data"]["how"] == "keep"
