"""The databases of a restore: the live one, the fresh one beside it, and that of the failed tables.

Which is which is told by their names, by the tables that are in them, and by a mark in their
comment, so that any crash is followed by the same call.
"""

from __future__ import annotations

import re
from typing import Dict, Iterator, List, NamedTuple, Optional, Tuple

from ..events import some
from ..messages import DatabaseProblem
from ..naming import DatabaseNames
from .client import MariadbServer, literal, quoted

MARK = re.compile(
    r" ?\[rollback: (ready|live|former) run=(\S+) dump=([0-9a-f]*) record=([0-9a-f]*)\]$"
)
SINCE = (10, 6)
"""Since this version a server that crashes renames all tables of a statement, or none."""

VERSION = re.compile(r"(\d+)\.(\d+)\.\d+.*MariaDB", re.IGNORECASE)
NEEDED = frozenset(
    ["SELECT", "INSERT", "UPDATE", "CREATE", "DROP", "ALTER", "INDEX", "REFERENCES", "LOCK"]
)
"""What the user has to be allowed in databases of a restore; LOCK stands for LOCK TABLES."""

ROLE = """
SELECT JSON_ARRAY(CURRENT_USER(), @@version, @@datadir, @@lower_case_table_names);
"""
DATABASES = """
SELECT JSON_ARRAY(schema_name, schema_comment, default_character_set_name, default_collation_name,
  (SELECT COALESCE(SUM(data_length + index_length), 0) FROM information_schema.tables
   WHERE table_schema = schema_name))
FROM information_schema.schemata WHERE schema_name IN ({names});
"""
TABLES = """
SELECT JSON_ARRAY(table_schema, table_name, table_type) FROM information_schema.tables
WHERE table_schema IN ({names}) ORDER BY table_name;
"""
STANDING = """
SELECT JSON_ARRAY(CONCAT('trigger ', trigger_name, ' of ', event_object_table))
FROM information_schema.triggers WHERE trigger_schema = {name} ORDER BY 1;
"""
FOREIGN = """
SELECT DISTINCT JSON_ARRAY(CONCAT(table_schema, '.', table_name, ' refers to ',
  referenced_table_name)) FROM information_schema.key_column_usage
WHERE referenced_table_schema = {name} AND table_schema NOT IN ({names});
"""
ALLOWED = """
SELECT JSON_ARRAY(n.name, p.privilege_type) FROM (SELECT table_schema AS place, privilege_type
  FROM information_schema.schema_privileges UNION ALL SELECT '%', privilege_type
  FROM information_schema.user_privileges) p
JOIN (SELECT {fresh} AS name UNION ALL SELECT {failed}) n ON n.name LIKE p.place;
"""


class TablesMark(NamedTuple):
    """What the comment of a database says: which run filled it, from what dump."""

    state: str
    run: str
    dump: str
    record: str

    @property
    def text(self) -> str:
        """The mark as it is written."""
        return f"[rollback: {self.state} run={self.run} dump={self.dump} record={self.record}]"


class MariadbDatabase(NamedTuple):
    """One database: its comment, character set, bytes, and its tables; views are apart."""

    comment: str
    charset: str
    collation: str
    size: int
    tables: Tuple[str, ...]
    views: Tuple[str, ...]

    @property
    def mark(self) -> Optional[TablesMark]:
        """What a rollback wrote into its comment."""
        found = MARK.search(self.comment)
        return TablesMark(*found.groups()) if found else None

    def marked(self, mark: Optional[TablesMark]) -> str:
        """Return its comment with another mark, or none."""
        plain = MARK.sub("", self.comment)
        return f"{plain} {mark.text}".strip() if mark else plain


class MariadbCatalog(NamedTuple):
    """Who asked, the server's version and directory, and the databases that are there by name.

    `lacking` are privileges that the user does not have where a restore needs them.
    """

    user: str
    version: str
    place: str
    databases: Dict[str, MariadbDatabase]
    standing: Tuple[str, ...]
    lacking: Tuple[str, ...]

    @property
    def major(self) -> str:
        """The major version, "" for another product's."""
        found = VERSION.match(self.version)
        return f"{found[1]}.{found[2]}" if found else ""


def look(server: MariadbServer, wanted: DatabaseNames) -> MariadbCatalog:
    """Return the user and the databases of a run.

    Raises:
        HostError: the server does not answer.
    """
    names = ", ".join(map(literal, wanted))
    live = literal(wanted.live)
    user, version, place, _ = server.rows(ROLE)[0]
    tables = server.rows(TABLES.format(names=names))
    databases = {
        name: MariadbDatabase(
            *(comment or "", charset, collation, int(size)),
            tables=tuple(t for at, t, kind in tables if at == name and kind != "VIEW"),
            views=tuple(t for at, t, kind in tables if at == name and kind == "VIEW"),
        )
        for name, comment, charset, collation, size in server.rows(DATABASES.format(names=names))
    }
    asked = STANDING.format(name=live) + FOREIGN.format(name=live, names=names)
    standing = tuple(str(each[0]) for each in server.rows(asked))
    return MariadbCatalog(user, version, place, databases, standing, lacked(server, wanted))


def lacked(server: MariadbServer, wanted: DatabaseNames) -> Tuple[str, ...]:
    """Return privileges that the user does not have in the databases of a restore."""
    fresh, failed = literal(wanted.fresh), literal(wanted.failed)
    rows = server.rows(ALLOWED.format(fresh=fresh, failed=failed))
    missing: List[str] = []
    for name in (wanted.fresh, wanted.failed):
        has = {str(what).split()[0] for at, what in rows if at == name}
        missing += sorted(NEEDED - has)
    return tuple(dict.fromkeys(missing))


def problems(found: MariadbCatalog, wanted: DatabaseNames) -> Iterator[DatabaseProblem]:
    """Yield what of server, user or live database prevents a restore."""
    live = wanted.live
    major = tuple(map(int, found.major.split("."))) if found.major else ()
    if major < SINCE:
        yield DatabaseProblem(
            f"the server is version {found.version}: only MariaDB from 10.6 on renames several "
            "tables as one, also where it crashes meanwhile",
            "return = 'keep' in [database], or a newer server",
        )
    if live not in found.databases:
        yield DatabaseProblem(
            f"there is no database {live!r}, or {found.user} may not see it",
            "correct name in [database]",
        )
    if found.lacking:
        user, _, host = found.user.partition("@")
        pattern = live.replace("\\", "\\\\").replace("_", "\\_").replace("%", "\\%")
        yield DatabaseProblem(
            f"{found.user} may not make the databases of a restore: {some(list(found.lacking))} "
            f"lacks on {wanted.fresh} and {wanted.failed}",
            f"as root of the server: GRANT ALL ON {quoted(pattern + chr(92) + '_%')}.* TO "
            f"'{user}'@'{host}'",
        )
    if found.standing:
        yield DatabaseProblem(
            f"the tables of {live} cannot change places: {some(list(found.standing))} stands in "
            "the way",
            "drop it and have the service make it again; or return = 'keep' in [database]",
        )


def commented(name: str, comment: str) -> str:
    """Return the statement that comments a database."""
    text = comment.replace("'", "''")
    return (
        f"SET sql_mode = 'NO_BACKSLASH_ESCAPES';\nALTER DATABASE {quoted(name)} COMMENT = '{text}';"
    )


def created(name: str, like: MariadbDatabase, comment: str) -> str:
    """Return the statement that makes an empty database like another one."""
    return (
        f"CREATE DATABASE {quoted(name)} CHARACTER SET {like.charset} COLLATE {like.collation};\n"
        + commented(name, comment)
    )
