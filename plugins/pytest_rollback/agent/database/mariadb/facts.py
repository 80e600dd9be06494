"""What a database holds: tables with their rows, columns, indexes, views; as all engines tell it.

The live one is only read: each table is counted in a transaction of its own that sees one moment,
may not write, and waits two seconds for a lock. Large tables are taken from the statistics.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, Callable, Dict, List

from ..differences import DatabaseFacts, Objects, TableFacts, is_ignored
from .client import READ_ONLY, WAITING, MariadbServer, literal, quoted

COUNTED = 64 << 20
"""Bytes of a table up to which its rows are counted in the live database."""

PACE = 128 << 20
"""Bytes a second at which live tables are read at most."""

BATCH = 50
"""Tables that are counted by one call."""

STATEMENT = 60
"""Seconds that one count may take."""

SNAPSHOT = "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY;"
TABLES = """
SELECT JSON_ARRAY(table_name, COALESCE(data_length, 0), table_rows, table_type)
FROM information_schema.tables WHERE table_schema = {name} AND table_type <> 'VIEW';
"""
COLUMNS = """
SELECT JSON_ARRAY('column', CONCAT(table_name, '.', column_name), table_name, CONCAT_WS(' ',
  column_type, is_nullable, column_default, extra, collation_name, generation_expression))
FROM information_schema.columns WHERE table_schema = {name} AND table_name IN (
  SELECT table_name FROM information_schema.tables
  WHERE table_schema = {name} AND table_type <> 'VIEW') ORDER BY table_name, column_name;
"""
OBJECTS = """
SELECT JSON_ARRAY('index', CONCAT(table_name, '.', index_name), table_name, GROUP_CONCAT(CONCAT_WS(
  ' ', non_unique, column_name, sub_part, index_type) ORDER BY seq_in_index SEPARATOR ', '))
FROM information_schema.statistics WHERE table_schema = {name} GROUP BY table_name, index_name;
SELECT JSON_ARRAY('constraint', CONCAT(table_name, '.', constraint_name), table_name,
  CONCAT_WS(' ', referenced_table_name, update_rule, delete_rule))
FROM information_schema.referential_constraints WHERE constraint_schema = {name};
SELECT JSON_ARRAY('check', CONCAT(table_name, '.', constraint_name), table_name, check_clause)
FROM information_schema.check_constraints WHERE constraint_schema = {name};
SELECT JSON_ARRAY('view', table_name, table_name, CONCAT_WS(' ', view_definition, check_option,
  security_type)) FROM information_schema.views WHERE table_schema = {name};
SELECT JSON_ARRAY('table', table_name, table_name, CONCAT_WS(' ', engine, table_collation,
  table_type)) FROM information_schema.tables
WHERE table_schema = {name} AND table_type <> 'VIEW';
"""


def nothing() -> None:
    """Do nothing between two batches."""


def facts(
    server: MariadbServer,
    database: str,
    most: float = float("inf"),
    between: Callable[[], None] = nothing,
) -> DatabaseFacts:
    """Return what a database holds; tables of more than so many bytes are not counted.

    Args:
        server: where it is.
        database: its name.
        most: bytes of a table that is counted.
        between: is called before each batch of tables; what it raises ends the count.

    Raises:
        HostError: it cannot be asked.
    """
    listed = server.rows(TABLES.format(name=literal(database)), timeout=STATEMENT)
    counted = [each for each in listed if each[1] <= most]
    numbers: Dict[str, int] = {}
    for start in range(0, len(counted), BATCH):
        between()
        batch = counted[start : start + BATCH]
        numbers.update(counts(server, database, batch, paced=most != float("inf")))
    tables = {
        name: TableFacts(
            int(size if name not in numbers else numbers[name] > 0),
            numbers.get(name, rows),
            name not in numbers,
            set(),
        )
        for name, size, rows, _ in listed
    }
    asked = server.rows(COLUMNS.format(name=literal(database)), timeout=STATEMENT)
    columns = ",".join(f"{each[1]} {each[3]}" for each in asked)
    return DatabaseFacts(tables, {}, 0, columns, sum(int(each[1]) for each in listed))


def counts(
    server: MariadbServer, database: str, batch: List[List[Any]], *, paced: bool
) -> Dict[str, int]:
    """Return the rows of some tables; a table that is locked, or is no table any more, is left out.

    Each is counted in a transaction of its own, so that none stays locked while others are.
    """
    found: Dict[str, int] = {}
    script = ""
    for name, size, *_ in batch:
        script += READ_ONLY.format(waiting=WAITING, seconds=STATEMENT)
        place = f"{quoted(database)}.{quoted(name)}"
        query = f"SELECT JSON_ARRAY({literal(name)}, COUNT(*)) FROM {place};"  # noqa: S608 - quoted
        script += f"{SNAPSHOT}\n{query}\nCOMMIT;\n"
        script += f"DO SLEEP({size / PACE:.4f});\n" if paced and size else ""
    seconds = STATEMENT + sum(each[1] / PACE * 2 + WAITING for each in batch)
    outcome = server.call("", seconds, script=script)
    for line in outcome.out.split("\n"):
        if line:
            name, rows = json.loads(line)
            found[name] = rows
    rest = [each for each in batch if each[0] not in found]
    if outcome.code and len(rest) > 1 and not outcome.timed_out:  # go on behind what was locked
        found.update(counts(server, database, rest[1:], paced=paced))
    return found


def objects(server: MariadbServer, database: str, ignore: tuple[str, ...]) -> Objects:
    """Return what a database is made of, but for what is on tables to ignore.

    The words of a view name the database that it is in: that name is left out of them.
    """
    words = COLUMNS.format(name=literal(database)) + OBJECTS.format(name=literal(database))
    own = quoted(database) + "."
    return {
        f"{kind} {name}": digest(str(what).replace(own, ""))
        for kind, name, table, what in server.rows(words, timeout=STATEMENT)
        if not is_ignored(table, ignore)
    }


def digest(words: str) -> str:
    """Return what stands for the words of a definition."""
    return hashlib.sha256(words.encode("utf-8", "surrogateescape")).hexdigest()[:16]
