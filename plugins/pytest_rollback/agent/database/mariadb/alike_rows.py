"""Rows of a restored dump, asked for in the live database of MariaDB."""

from __future__ import annotations

import contextlib
from typing import Dict, Iterator, List

from ...errors import HostError
from ..differences import ComparedDatabases
from ..rehearsal import alike
from ..rehearsal.alike import Alike, Keys, Sample, TableKey
from .client import MariadbServer, literal, quoted

KEYS = """
SELECT JSON_ARRAY(c.table_name, c.column_name, c.data_type, COALESCE(k.ordinal_position, 0))
FROM information_schema.columns c LEFT JOIN information_schema.key_column_usage k
  ON k.table_schema = c.table_schema AND k.table_name = c.table_name
  AND k.column_name = c.column_name AND k.constraint_name = 'PRIMARY'
WHERE c.table_schema = {name} ORDER BY c.table_name, c.column_name;
"""
SAME_WORDS = "SET time_zone = '+00:00';"
"""So that both servers write a time in the same way."""

ODD = ("binary", "blob", "bit", "geometry", "float", "double", "timestamp")
"""Types of keys whose values are not the same again as text."""


def alike_rows(compared: ComparedDatabases, server: MariadbServer, fresh: MariadbServer) -> Alike:
    """Return which tables have the rows of the restored dump; one that is locked is left out.

    Args:
        compared: both databases.
        server: the live one.
        fresh: the throw-away one.
    """
    name, found = server.name, Alike()
    tables = alike.shared(compared, keys(fresh, name), keys(server, name))
    for sample in _samples(fresh, name, tables):
        with contextlib.suppress(HostError):
            found = found.plus(sample, server.rows(_live(sample), name))
    return found


def keys(server: MariadbServer, name: str) -> Keys:
    """Return the tables with a primary key that can be asked for as text."""
    places: Dict[str, Dict[int, str]] = {}
    columns: Dict[str, List[str]] = {}
    odd = set()
    for table, column, kind, place in server.rows(KEYS.format(name=literal(name)), name):
        columns.setdefault(table, []).append(column)
        if place:
            places.setdefault(table, {})[int(place)] = column
            odd |= {table} if any(each in kind for each in ODD) else set()
    return {
        table: TableKey.of([found[each] for each in sorted(found)], columns[table])
        for table, found in places.items()
        if table not in odd
    }


def _samples(fresh: MariadbServer, name: str, tables: Keys) -> Iterator[Sample]:
    """Yield some rows of each table of the restored dump."""
    for table, about in tables.items():
        names = list(map(quoted, about.key))
        query = f"{SAME_WORDS} {alike.ends(_row(about), quoted(table), names)};"
        sample = Sample.of(table, about, fresh.rows(query, name))
        if sample.rows:
            yield sample


def _live(sample: Sample) -> str:
    """Return the question for the live rows with the same keys."""
    values = [tuple(map(literal, key)) for key in sample.keys]
    where = alike.among(list(map(quoted, sample.about.key)), values)
    return f"{SAME_WORDS} SELECT {_row(sample.about)} FROM {quoted(sample.table)} WHERE {where};"  # noqa: S608


def _row(about: TableKey) -> str:
    """Return a row as SQL: the values of its key, and digests of the others."""
    values = [f"CAST({quoted(each)} AS CHAR)" for each in about.key]
    values += [f"LEFT(MD5({quoted(each)}), 12)" for each in about.others]
    return f"JSON_ARRAY({', '.join(values)})"
