"""The migrations that a SQLite database has applied: asked by its owner, who does not write."""

from __future__ import annotations

from typing import Any, List, Tuple

from ...errors import HostError
from ..messages import Migrations, MigrationsRequest
from ..migrations import look as migrations
from ..migrations.look import LiveTables
from ..migrations.tools import TOOLS
from . import library, live

PATIENCE = 10.0
"""Seconds for one question."""

TABLES = "SELECT name FROM sqlite_master WHERE type = 'table'"
COLUMNS = "SELECT name FROM pragma_table_info(?)"


def look(request: MigrationsRequest) -> Migrations:
    """Return each migration tool that the live database knows, with what is ahead.

    Raises:
        HostError: the file cannot be read, or there is no record of a previous release.
    """
    there = live.found(request.database)

    def asked(*queries: Tuple[str, Tuple[str, ...]]) -> Any:  # noqa: ANN401 - rows of each
        path = there.path
        try:
            return library.asked("read", there.account, PATIENCE, path=path, queries=queries)
        except library.UnfitDatabase as problem:
            raise HostError(f"the database {path} {problem.message}", problem.hint) from problem

    def ids(query: str) -> List[str]:
        return [str(row[0]) for row in asked((query, ()))[0] if row[0] is not None]

    known = {tool.table for tool in TOOLS}
    names = [row[0] for row in asked((TABLES, ()))[0] if row[0] in known]
    columns = asked(*((COLUMNS, (name,)) for name in names)) if names else []
    tables = tuple(
        (f'"{name}"', name, tuple(row[0] for row in rows)) for name, rows in zip(names, columns)
    )
    return migrations.look(request.location, LiveTables(tables, ids))
