"""The migrations that a MariaDB database has applied: asked without waiting for a lock."""

from __future__ import annotations

from typing import Dict, List

from ..messages import Migrations, MigrationsRequest
from ..migrations import look as migrations
from ..migrations.look import LiveTables
from ..migrations.tools import TOOLS
from .client import READ_ONLY, WAITING, literal, quoted, reached

SECONDS = 10
"""For one question."""

MODE = "SET sql_mode = 'PIPES_AS_CONCAT';\n"
"""The queries are those of all engines."""

COLUMNS = """
SELECT JSON_ARRAY(table_name, column_name) FROM information_schema.columns
WHERE table_schema = {name} AND table_name IN ({names}) ORDER BY ordinal_position;
"""


def look(request: MigrationsRequest) -> Migrations:
    """Return each migration tool that the live database knows, with what is ahead.

    Raises:
        HostError: the server does not answer, or there is no record of a previous release.
    """
    server = reached(request.database)
    names = ", ".join(sorted({literal(tool.table) for tool in TOOLS}))
    columns: Dict[str, List[str]] = {}
    for table, column in server.rows(COLUMNS.format(name=literal(server.name), names=names)):
        columns.setdefault(table, []).append(column)

    def asked(query: str) -> List[str]:
        # the query is ours, the name of the table is quoted
        words = READ_ONLY.format(waiting=WAITING, seconds=SECONDS) + MODE + query
        return [line for line in server.sql(words, server.name).split("\n") if line]

    tables = tuple((quoted(name), name, tuple(each)) for name, each in columns.items())
    return migrations.look(request.location, LiveTables(tables, asked))
