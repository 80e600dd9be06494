"""A shop whose live release has migrated its database, and has a way back for that."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_rollback.agent.database.previous.downgrade import downgrade, rehearse
from pytest_rollback.agent.database.previous.downgrade.messages import (
    Downgraded,
    DowngradeLookRequest,
    DowngradeRequest,
    DowngradeState,
    DowngradeTrial,
    DowngradeTrialRequest,
)
from pytest_rollback.agent.messages.rollback.migrations import MigrationCommands
from pytest_rollback.agent.rollback import undo
from pytest_rollback.agent.state import backup_set
from tests.unit.agent.database.previous.conftest import CURRENT, PREVIOUS, Corner, running, scratch
from tests.unit.support import requests

if TYPE_CHECKING:
    from tests.unit.support.databases import Base

__all__ = ["running", "scratch"]

UP = """ALTER TABLE orders ADD COLUMN buyer text; UPDATE orders SET buyer = 'ann' WHERE id <= 20;
UPDATE alembic_version SET version_num = 'two';"""
DOWN = """ALTER TABLE orders DROP COLUMN buyer; UPDATE alembic_version SET version_num = 'one';"""
REVISION = 'revision = "{}"\ndown_revision = {}\ndef upgrade(): pass\ndef downgrade(): {}\n'


class MigratedCorner(Corner):
    """A corner whose database is ahead; alembic's table says so, and scripts of SQL migrate it."""

    def __init__(self, base_: Base, *, tool: bool = True) -> None:
        super().__init__(base_)
        self.down: tuple[tuple[str, ...], ...] = ()
        self.up: tuple[tuple[str, ...], ...] = ()
        self.target, self.timeout = "", 30.0
        self.files: tuple[str, ...] = ()
        self.deploy(self.release(PREVIOUS, "1.4.0"), self.release(CURRENT, "1.5.0"))
        versions = self.root / "versions"
        versions.mkdir()
        base_.sql("DROP TABLE IF EXISTS alembic_version")
        up, down = UP, DOWN
        if tool:
            (versions / "one.py").write_text(REVISION.format("one", "None", "pass"))
            words = REVISION.format("two", '"one"', 'op.drop_column("orders", "buyer")')
            (versions / "two.py").write_text(words)
            base_.sql("CREATE TABLE alembic_version AS SELECT 'one'::text AS version_num")
        else:
            up, down = (each.split("UPDATE alembic")[0] for each in (UP, DOWN))
        self.added()
        base_.sql(up)
        self.down = (self.script("down", down),)
        self.up = (self.script("up", up),)

    def added(self) -> None:
        """Have the record say that the deploy has added its migration."""
        record = backup_set.read(str(self.state))
        backup_set.write(str(self.state), record._replace(added=("versions/two.py",)))

    def script(self, name: str, sql: str, first: str = "") -> tuple[str, ...]:
        """Write a script that runs statements; return the command that runs it."""
        postgres = self.base.postgres
        where = f"-h {postgres.socket} -p {postgres.port} -U shop"
        (self.root / f"{name}.sql").write_text(sql)
        words = f"exec {postgres.tools}/psql {where} -qX -v ON_ERROR_STOP=1 -f {name}.sql shop"
        path = self.root / f"{name}.sh"
        path.write_text(f"#!/bin/sh\n{first}\n{words}\n")
        path.chmod(0o755)
        return (f"./{name}.sh",)

    def commands(self) -> MigrationCommands:
        """Return the commands as rollback.toml would name them."""
        trial = self.request(Path("/var/tmp")).trial._replace(live=True, files=())  # noqa: S108
        where = (self.down, self.up, self.target, self.timeout, trial)
        return MigrationCommands(*where, self.files)

    def rehearsed(self, scratch_: Path, rows: str = "", **different: Any) -> DowngradeTrial:  # noqa: ANN401
        """Rehearse the way back."""
        asked = self.request(scratch_, rows, migrated=self.down, **different)
        return rehearse.rehearse(DowngradeTrialRequest(self.commands(), asked))

    def looked(self) -> DowngradeState:
        """Look at the live database."""
        asked = self.request(Path("/var/tmp"))  # noqa: S108
        request = DowngradeLookRequest(asked.location, asked.database, self.commands())
        return downgrade.look(request)

    def migrate(self, seen: str = "") -> Downgraded:
        """Migrate the live database as it is planned, from the head that was seen."""
        found, asked = self.looked(), self.request(Path("/var/tmp"))  # noqa: S108
        last = found.last
        expected = last.after.digest if last else ""
        place = (asked.location, asked.database, self.commands())
        return downgrade.migrate(DowngradeRequest(*place, seen or found.head.digest, expected))

    def undo(self, *without: str) -> None:
        """Undo the run."""
        request = requests.undo(requests.located(self.root, self.state, "r1"))
        commands = self.commands()
        undo.undo(request._replace(migrations=commands, without=without))

    def plan(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return what an undo would run, and what prevents it."""
        request = requests.undo(requests.located(self.root, self.state, "r1"))
        found = undo.look(request._replace(migrations=self.commands()))
        return found.migrations, found.conflicts

    def columns(self) -> str:
        """Return the columns of the live table."""
        return self.base.sql(
            "SELECT string_agg(column_name, ' ' ORDER BY ordinal_position) FROM "
            "information_schema.columns WHERE table_name = 'orders'"
        )


@pytest.fixture
def ahead(running: Base) -> MigratedCorner:
    """The shop, one migration ahead of its previous release."""
    return MigratedCorner(running)
