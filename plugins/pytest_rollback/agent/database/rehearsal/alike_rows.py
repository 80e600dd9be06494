"""Rows of a restored dump, asked for in the live database of PostgreSQL."""

from __future__ import annotations

import json
from typing import Iterable, Iterator, List

from ..differences import ComparedDatabases
from ..postgresql.contents import words
from ..postgresql.server import Server, literal, quoted
from . import alike
from .alike import Alike, Keys, Sample, TableKey
from .facts import STATEMENT, looking

KEYS = """
SELECT json_build_array(n.nspname || '.' || c.relname,
  (SELECT json_agg(a.attname ORDER BY k.place) FROM unnest(i.indkey::int[]) WITH ORDINALITY
     k(number, place) JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number),
  (SELECT json_agg(a.attname ORDER BY a.attname) FROM pg_attribute a
     WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped))
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND n.nspname !~ '^pg_'
  AND has_table_privilege(c.oid, 'SELECT') AND NOT row_security_active(c.oid)
  AND n.nspname !~ '[".]' AND c.relname !~ '[".]';
"""
"""Tables with a primary key that we may read; odd names are left out."""

SAME_WORDS = [
    "SET LOCAL timezone = 'UTC';",
    "SET LOCAL datestyle = 'ISO';",
    "SET LOCAL intervalstyle = 'postgres';",
    "SET LOCAL extra_float_digits = 1;",
    "SET LOCAL bytea_output = 'hex';",
]
"""So that both servers write a value in the same way."""


def alike_rows(compared: ComparedDatabases, server: Server, whole: Server) -> Alike:
    """Return which tables have the rows of the restored dump; one that is locked is left out.

    Args:
        compared: both databases.
        server: the live one.
        whole: the throw-away one.
    """
    tables = alike.shared(compared, keys(whole, server.name), keys(server, server.name))
    samples = [each for each in _samples(whole, server.name, tables) if each.rows]
    asked = (_live(number, each) for number, each in enumerate(samples))
    found = Alike()
    for line in _said(server, server.name, asked):
        number, rows = json.loads(line)
        found = found.plus(samples[number], rows)
    return found


def keys(server: Server, database: str) -> Keys:
    """Return the tables with a primary key."""
    found = (json.loads(line) for line in _said(server, database, [KEYS]))
    return {name: TableKey.of(key, columns) for name, key, columns in found}


def _samples(whole: Server, database: str, tables: Keys) -> Iterator[Sample]:
    """Yield some rows of each table of the restored dump."""
    for table, about in tables.items():
        query = alike.ends(f"{_row(about)}::text", _place(table), list(map(quoted, about.key)))
        found = map(json.loads, _said(whole, database, [f"{query};"]))
        yield Sample.of(table, about, found)


def _live(number: int, sample: Sample) -> str:
    """Return the question for the live rows with the same keys."""
    values = [tuple(map(literal, key)) for key in sample.keys]
    where = alike.among(list(map(quoted, sample.about.key)), values)
    return (
        f"SELECT json_build_array({number}, coalesce(json_agg({_row(sample.about)}), '[]')) "  # noqa: S608
        f"FROM ONLY {_place(sample.table)} WHERE {where};"
    )


def _row(about: TableKey) -> str:
    """Return a row as SQL: the values of its key, and digests of the others."""
    values = [f"{quoted(each)}::text" for each in about.key]
    values += [f"left(md5({quoted(each)}::text), 12)" for each in about.others]
    return f"json_build_array({', '.join(values)})"


def _place(table: str) -> str:
    return ".".join(map(quoted, words(table)))


def _said(server: Server, database: str, queries: Iterable[str]) -> List[str]:
    """Return the lines of answers; each query has a transaction of its own, and may fail alone."""
    script = ["\\set ON_ERROR_STOP off"]
    for query in queries:
        script += [*looking(STATEMENT), *SAME_WORDS, query, "COMMIT;"]
    lines = server.sql("\n".join(script), database, STATEMENT * 10).splitlines()
    return [line for line in lines if line.startswith("[")]
