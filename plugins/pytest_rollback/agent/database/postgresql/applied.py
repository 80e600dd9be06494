"""The migrations that a PostgreSQL database has applied: asked without waiting for a lock."""

from __future__ import annotations

import json

from ..messages import Migrations, MigrationsRequest
from ..migrations import look as migrations
from ..migrations.look import LiveTables
from ..migrations.tools import TOOLS
from .server import Server, literal, quoted, reached

WAITING = "SET statement_timeout = '10s'; SET lock_timeout = '2s';\n"

TABLES = """
SELECT coalesce(json_agg(json_build_array(n.nspname, c.relname, (SELECT json_agg(a.attname)
  FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped))), '[]')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND c.relname IN ({names});
"""


def look(request: MigrationsRequest) -> Migrations:
    """Return each migration tool that the live database knows, with what is ahead.

    Raises:
        HostError: the server does not answer, or there is no record of a previous release.
    """
    return migrations.look(request.location, live_tables(reached(request.database)))


def live_tables(server: Server) -> LiveTables:
    """Return the tables of migration tools that the database of a server has.

    Raises:
        HostError: it does not answer.
    """
    names = ", ".join(sorted({literal(tool.table) for tool in TOOLS}))
    found = json.loads(server.sql(WAITING + TABLES.format(names=names), server.name))
    tables = tuple(
        (f"{quoted(schema)}.{quoted(table)}", table, tuple(columns))
        for schema, table, columns in found
    )

    def asked(query: str) -> list[str]:
        # the query is ours, the name of the table is quoted
        words = f"SELECT coalesce(json_agg(t.*), '[]') FROM ({query}) t;"  # noqa: S608
        rows = json.loads(server.sql(WAITING + words, server.name))
        return [str(next(iter(row.values()))) for row in rows]

    return LiveTables(tables, asked)
