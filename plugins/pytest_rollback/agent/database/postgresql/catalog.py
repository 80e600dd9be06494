"""The databases of a restore: the live one, the fresh one beside it, the failed one that is kept.

Which is which is told by names and by a mark in the comment of the database that was restored, so
that any crash is followed by the same call. The mark holds the database's own oid: a copy of the
comment on another database marks nothing.
"""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple, Optional

from ..naming import DatabaseNames
from .server import Server, literal, quoted

MARK = re.compile(
    r" ?\[rollback: (ready|live) run=(\S+) dump=([0-9a-f]{64}) record=([0-9a-f]*) oid=(\d+)\]$"
)


class RestoreMark(NamedTuple):
    """What the comment of a restored database says: which run restored it, from what."""

    state: str
    run: str
    dump: str
    record: str
    oid: int

    @property
    def text(self) -> str:
        """The mark as it is written."""
        return (
            f"[rollback: {self.state} run={self.run} dump={self.dump} record={self.record} "
            f"oid={self.oid}]"
        )


class LiveDatabase(NamedTuple):
    """One database as the catalog has it."""

    oid: int
    row: dict[str, Any]

    @property
    def mark(self) -> Optional[RestoreMark]:
        """What a rollback wrote into its comment, unless that is about another database."""
        found = MARK.search(self.row["comment"] or "")
        if found is None or int(found[5]) != self.oid:
            return None
        return RestoreMark(found[1], found[2], found[3], found[4], self.oid)

    def comment(self, mark: RestoreMark) -> str:
        """Return its comment with another mark."""
        return (MARK.sub("", self.row["comment"] or "") + " " + mark.text).strip()


class Catalog(NamedTuple):
    """The role that asked, and the databases that are there by name."""

    role: dict[str, Any]
    databases: dict[str, LiveDatabase]


LOOK = """
SELECT json_build_object(
  'name', current_user, 'version', current_setting('server_version_num')::int,
  'super', r.rolsuper, 'creates', r.rolcreatedb, 'databases', (
    SELECT coalesce(json_agg(to_jsonb(d) || jsonb_build_object(
      'oid', d.oid::bigint, 'comment', shobj_description(d.oid, 'pg_database'),
      'owner', pg_get_userbyid(d.datdba), 'owned', pg_has_role(d.datdba, 'USAGE'),
      'coded', pg_encoding_to_char(d.encoding),
      'space', (SELECT spcname FROM pg_tablespace t WHERE t.oid = d.dattablespace),
      'size', CASE WHEN has_database_privilege(d.oid, 'CONNECT')
              THEN pg_database_size(d.oid) END)), '[]')
    FROM pg_database d WHERE d.datname IN ({names})))
FROM pg_roles r WHERE r.rolname = current_user;
"""


def look(server: Server, wanted: DatabaseNames) -> Catalog:
    """Return the role and the databases of a run.

    Raises:
        HostError: the server does not answer.
    """
    text = server.sql(LOOK.format(names=", ".join(map(literal, wanted))))
    role = json.loads(text)
    rows = role.pop("databases")
    return Catalog(role, {row["datname"]: LiveDatabase(row["oid"], row) for row in rows})


def ended(column: str, value: str) -> str:
    """Return the statement that ends, and counts, every other session with a value in a column.

    A worker that vacuums by itself has no role; only a superuser may end it, and the server does
    so for who renames or drops the database.
    """
    return (  # column is ours, value is quoted
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "  # noqa: S608
        f"WHERE {column} = {literal(value)} AND pid <> pg_backend_pid() AND usesysid IS NOT NULL;"
    )


def opened(name: str, *, to_all: bool) -> str:
    """Return the statement that lets sessions into a database, or nobody any more."""
    return f"ALTER DATABASE {quoted(name)} WITH ALLOW_CONNECTIONS {str(to_all).lower()};"


def renamed(name: str, new: str) -> str:
    """Return the statement that gives a database another name."""
    return f"ALTER DATABASE {quoted(name)} RENAME TO {quoted(new)};"


def commented(name: str, comment: str) -> str:
    """Return the statement that comments a database."""
    return f"COMMENT ON DATABASE {quoted(name)} IS {literal(comment)};"
