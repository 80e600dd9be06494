"""A shop whose database is in a MariaDB of the tests."""

from __future__ import annotations

import gzip
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_rollback.agent.database.messages import DatabaseAccess
from tests.unit.agent.database.engines.mariadb_server import account
from tests.unit.agent.database.engines.shop import ROWS, Shop

if TYPE_CHECKING:
    from tests.unit.agent.database.engines.mariadb_server import MariadbServerOfTests

SCHEMA = """
CREATE TABLE goods (id INT PRIMARY KEY, words VARCHAR(100) NOT NULL, KEY words (words));
CREATE TABLE orders (id INT AUTO_INCREMENT PRIMARY KEY, good INT, bytes BLOB,
  FOREIGN KEY (good) REFERENCES goods (id));
CREATE TABLE `odd ``na;me -- ü` (x DOUBLE);
CREATE VIEW sold AS SELECT good, count(*) AS n FROM orders GROUP BY good;
"""
PREVIOUS = f"""
INSERT INTO goods SELECT seq, CONCAT('previous; \\n--'' \\\\', seq) FROM seq_1_to_{ROWS};
INSERT INTO orders (good, bytes) SELECT id, X'00ff27225c0a' FROM goods LIMIT 100;
INSERT INTO `odd ``na;me -- ü` VALUES (-1.5e300), (NULL);
"""  # noqa: S608 - ours
CURRENT = "UPDATE goods SET words = 'current'; ALTER TABLE goods ADD COLUMN more INT;"
OWN = "'information_schema', 'mysql', 'performance_schema', 'sys'"


class MariadbShop(Shop):
    """The database `shop` of the user of that name; the dump may be compressed."""

    engine = "mariadb"

    def __init__(self, server: MariadbServerOfTests, home: Path, *, zipped: bool = False) -> None:
        self.server, self.home, self.zipped = server, home, zipped
        self.dump = home / "dump"

    def fresh(self) -> None:
        """Have the previous release dumped, and the current one live."""
        for name in [*self.kept(), "shop"]:
            self.server.client(text=f"DROP DATABASE IF EXISTS `{name}`")
        self.server.client(
            text="CREATE DATABASE shop; CREATE USER IF NOT EXISTS shop@localhost;"
            "GRANT ALL ON `shop`.* TO shop@localhost; GRANT ALL ON `shop\\_%`.* TO shop@localhost;"
        )
        self.state = Path(tempfile.mkdtemp(dir=self.home, prefix="state-"))
        self.sql(SCHEMA + PREVIOUS)
        self.dumped("shop")
        self.sql(CURRENT)

    def sql(self, script: str, name: str = "shop") -> str:
        """Run statements as the service does."""
        return self.server.client(name, text=script, user="shop")

    def dumped(self, name: str, *words: str) -> None:
        """Make a dump of a database."""
        self.server.dump(self.dump, name, *words)
        if self.zipped:
            self.dump.write_bytes(gzip.compress(self.dump.read_bytes()))

    def damaged(self, how: str) -> None:
        """Have a dump instead that is damaged."""
        whole = self.dump.read_bytes()
        ends = {"cut": whole[: len(whole) * 2 // 3], "empty": b"", "no dump": b"x" * 4096}
        if how in ends:
            self.dump.write_bytes(ends[how])
        elif how == "of another database":
            self.server.client(
                text="CREATE DATABASE guests; CREATE TABLE guests.guests (n INT);"
                "INSERT INTO guests.guests VALUES (1)"
            )
            self.dumped("guests")
            self.server.client(text="DROP DATABASE guests")
        elif how == "schema only":
            self.dumped("shop", "--no-data")
        else:
            self.dumped("shop", "--ignore-table=shop.orders", "--ignore-table=shop.sold")

    def same(self) -> None:
        """Have a dump of what is live now."""
        self.dumped("shop")

    def access(self) -> DatabaseAccess:
        """Return how it is reached."""
        socket = str(self.server.socket)
        return DatabaseAccess("shop", str(self.dump), socket, 3306, "shop", "", account())

    def release(self) -> str:
        """Return which release is live."""
        columns = self.sql(
            "SELECT count(*) FROM information_schema.columns "
            "WHERE table_schema = 'shop' AND table_name = 'goods'"
        )
        asked = "SELECT count(*), min(left(words, 7)), max(left(words, 7)) FROM goods WHERE id > 0"
        rows = self.sql(asked).split("\t")
        sold = self.sql("SELECT count(*) FROM sold")
        known = {("3", "current"): "current", ("2", "previou"): "previous"}
        if rows[1] != rows[2] or (rows[0], sold) != (str(ROWS), "100"):
            return f"broken: {rows} {sold}"
        return known.get((columns, rows[1]), f"mixed: {columns} {rows}")

    def kept(self) -> list[str]:
        """Return the databases beside the live one."""
        found = self.server.client(
            text="SELECT schema_name FROM information_schema.schemata "  # noqa: S608 - ours
            f"WHERE schema_name NOT IN ({OWN}, 'shop') ORDER BY 1"
        )
        return found.split("\n") if found else []

    def write(self) -> None:
        """Write a row into the live database."""
        self.sql("INSERT INTO goods (id, words) VALUES (-1, 'written')")
