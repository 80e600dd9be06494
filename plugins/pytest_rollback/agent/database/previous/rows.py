"""Some rows of each live table, in a copy of the schema: as many as a release needs to be asked.

They are the first that the server gives. Rows that they refer to may not be among them: foreign
keys are not checked while they are put in, and no trigger runs.
"""

from __future__ import annotations

import json
from typing import List

from ...errors import HostError
from ..postgresql.server import Server, literal, quoted, said

SOME = 1000
"""Rows of each table."""

SMALL = 64 << 20
"""Bytes of a database that is copied whole where some rows are wanted."""

MOST = 64 << 20
"""Bytes of the rows of one table."""

WAITING = "SET statement_timeout = '60s'; SET lock_timeout = '2s';\n"
READING = f"BEGIN READ ONLY;\n{WAITING}"

TABLES = """
SELECT coalesce(json_agg(json_build_array(n.nspname, c.relname, (
  SELECT json_agg(a.attname ORDER BY a.attnum) FROM pg_attribute a WHERE a.attrelid = c.oid
  AND a.attnum > 0 AND NOT a.attisdropped AND coalesce(to_jsonb(a) ->> 'attgenerated', '') = ''))),
  '[]')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND n.nspname !~ '^pg_'
  AND n.nspname <> 'information_schema' AND has_table_privilege(c.oid, 'SELECT')
  AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e');
"""
SEQUENCES = """
SELECT coalesce(json_agg(json_build_array(schemaname, sequencename, last_value)), '[]')
FROM pg_sequences WHERE last_value IS NOT NULL;
"""


def is_small(live: Server) -> bool:
    """Return whether all of a database may be copied where some of it is wanted."""
    return int(live.sql(f"SELECT pg_database_size({literal(live.name)});")) <= SMALL


def sampled(live: Server, fresh: Server, but: List[List[str]], timeout: float) -> None:
    """Put some rows of each table into a copy of the schema, as its superuser.

    Args:
        live: the live server.
        fresh: the throw-away one, with the schema.
        but: tables that have their rows, by schema and name.
        timeout: seconds for each table.

    Raises:
        HostError: a table cannot be read, or its rows do not go in.
    """
    for schema, name, columns in json.loads(live.sql(READING + TABLES, live.name)):
        if columns and [schema, name] not in but:
            table = f"{quoted(schema)}.{quoted(name)}"
            one(live, fresh, f"{table} ({', '.join(map(quoted, columns))})", timeout)
    for schema, name, last in json.loads(live.sql(READING + SEQUENCES, live.name)):
        place = literal(f"{quoted(schema)}.{quoted(name)}")
        fresh.sql(f"SELECT setval({place}, {int(last)});", fresh.name)


def one(live: Server, fresh: Server, table: str, timeout: float) -> None:
    """Put some rows of one table into its copy."""
    name, _, columns = table.partition(" (")
    # names are quoted, and the rest is ours
    query = f"COPY (SELECT {columns[:-1]} FROM ONLY {name} LIMIT {SOME}) TO STDOUT;"  # noqa: S608
    argv = ["-X", "-q", "-w", "-v", "ON_ERROR_STOP=1"]
    rows = live.call("psql", argv, live.name, timeout, script=READING + query, most=MOST)
    if rows.code or rows.cut:
        why = f"more than {MOST:,} bytes" if rows.cut else said(rows)
        raise HostError(f"rows of {name} cannot be copied: {why}", live.hint)
    words = f"SET session_replication_role = replica;\nCOPY {table} FROM STDIN;\n{rows.out}\\.\n"
    done = fresh.call("psql", argv, fresh.name, timeout, script=words)
    if done.code:
        raise HostError(f"rows of {name} cannot be put into the copy: {said(done)}", live.hint)
