"""A shop whose database is in a PostgreSQL of the tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.unit.agent.database.engines.shop import Shop

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_rollback.agent.database.messages import DatabaseAccess
    from tests.unit.support.databases import Base


class PostgresqlShop(Shop):
    """The database `shop` of the role of that name."""

    engine = "postgresql"

    def __init__(self, base: Base) -> None:
        self.base = base
        self.home = base.home

    @property
    def dump(self) -> Path:  # type: ignore[override]
        """Where its dump is."""
        return self.base.dump

    @property
    def state(self) -> Path:  # type: ignore[override]
        """Its state directory."""
        return self.base.state

    def fresh(self) -> None:
        """Have the previous release dumped, and the current one live."""
        self.base.dumps.clear()
        self.base.fresh()

    def damaged(self, how: str) -> None:
        """Have a dump instead that is damaged."""
        whole = self.base.dump.read_bytes()
        self.base.dump = self.base.home / "damaged"
        ends = {"cut": whole[: len(whole) * 2 // 3], "empty": b"", "no dump": b"x" * 4096}
        if how in ends:
            self.base.dump.write_bytes(ends[how])
        elif how == "of another database":
            self.base.postgres.sql("CREATE DATABASE guests OWNER shop")
            self.base.sql("CREATE TABLE guests (n int); INSERT INTO guests VALUES (1)", "guests")
            self.dumped("guests")
            self.base.postgres.sql("DROP DATABASE guests")
        elif how == "schema only":
            self.dumped("shop", "--schema-only")
        else:
            self.base.sql("CREATE TABLE more (n int); INSERT INTO more VALUES (1)")
            self.dumped("shop", "-T", "more")
        self.base.dump.chmod(0o600)

    def dumped(self, name: str, *options: str) -> None:
        """Make a dump of a database."""
        self.base.postgres.client("pg_dump", "-Fc", *options, "-f", str(self.base.dump), name)

    def sql(self, script: str) -> object:
        """Run statements as the service does."""
        return self.base.sql(script)

    def same(self) -> None:
        """Have a dump of what is live now."""
        self.base.dump = self.base.home / "same"
        self.dumped("shop")
        self.base.dump.chmod(0o600)

    def access(self) -> DatabaseAccess:
        """Return how it is reached."""
        return self.base.access()

    def release(self) -> str:
        """Return which release is live."""
        return self.base.release()

    def kept(self) -> list[str]:
        """Return the databases beside the live one."""
        return [each for each in self.base.names() if each != "shop"]

    def write(self) -> None:
        """Write a row into the live database."""
        self.base.sql("INSERT INTO goods VALUES (-1, 'written')")
