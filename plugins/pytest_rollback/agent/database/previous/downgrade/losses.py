"""What a way back takes away, counted in two databases of one server: before it, and after it.

The one from before is a copy that the server has made of the other, so that both know a table and a
column by the same numbers: what has only another name is not lost.
"""

from __future__ import annotations

import json
from typing import Dict, List, NamedTuple, Tuple

from ...messages import RowLoss
from ...postgresql.server import Server, quoted
from .messages import ColumnLoss

COUNTING = 600.0
"""Seconds for all counts of one database."""

MOST = 64 << 20
"""Bytes of a list of tables and columns."""

LISTED = """
SELECT json_build_array(c.oid::bigint, n.nspname, c.relname, (
  SELECT coalesce(json_object_agg(a.attnum, a.attname), '{}') FROM pg_attribute a
  WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped))
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND n.nspname !~ '^pg_'
  AND n.nspname <> 'information_schema';
"""


class ListedTable(NamedTuple):
    """A table: its name as SQL and for people, and its columns by number."""

    place: str
    name: str
    columns: Dict[str, str]


Tables = Dict[int, ListedTable]


def tables(server: Server, database: str) -> Tables:
    """Return the tables of a database by their numbers."""
    said = server.sql(LISTED, database, COUNTING, most=MOST)
    listed = map(json.loads, said.splitlines())
    return {
        number: ListedTable(f"{quoted(schema)}.{quoted(name)}", f"{schema}.{name}", columns)
        for number, schema, name, columns in listed
    }


def counted(server: Server, database: str, asked: List[Tuple[str, str]]) -> List[int]:
    """Return counts of a database; each is of what, from which table, as SQL."""
    # names are quoted, and the rest is ours
    script = [f"SELECT count({what}) FROM ONLY {place};" for what, place in asked]  # noqa: S608
    said = server.sql("\n".join(script), database, COUNTING, most=MOST) if script else ""
    return list(map(int, said.split()))


def lost(
    server: Server, before: str, after: str
) -> Tuple[Tuple[RowLoss, ...], Tuple[ColumnLoss, ...]]:
    """Return tables with fewer rows, and columns that are gone with values.

    Args:
        server: the throw-away server.
        before: the database as it was, by name.
        after: the one that commands were run on.

    Raises:
        HostError: they cannot be counted.
    """
    was, now = tables(server, before), tables(server, after)
    both = sorted(was.keys() & now.keys())
    first = sorted(was)
    had = dict(zip(first, counted(server, before, [("*", was[n].place) for n in first])))
    has = dict(zip(both, counted(server, after, [("*", now[n].place) for n in both])))
    gone = [
        (f"{was[n].name}.{name}", quoted(name), was[n].place)
        for n in both
        for number, name in sorted(was[n].columns.items())
        if number not in now[n].columns
    ]
    values = counted(server, before, [(column, place) for _, column, place in gone])
    fewer = (RowLoss(was[n].name, has.get(n, 0), rows, estimated=False) for n, rows in had.items())
    return (
        tuple(each for each in fewer if each.restored < each.live),
        tuple(ColumnLoss(name, number) for (name, *_), number in zip(gone, values)),
    )
