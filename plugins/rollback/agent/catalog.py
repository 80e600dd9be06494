"""The databases of a restore: the live one, the fresh one beside it, the failed one that is kept.

Which is which is told by names and by a mark in the comment of the database that was restored, so
that any crash is followed by the same call. The mark holds the database's own oid: a copy of the
comment on another database marks nothing.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any, NamedTuple, Optional

from .problem import Problem
from .server import Server, literal, quoted

LONGEST = 63
"""Bytes of a name; the server would cut off the rest without a word that we see."""

MARK = re.compile(
    r" ?\[rollback: (ready|live) run=(\S+) dump=([0-9a-f]{64}) record=([0-9a-f]*) oid=(\d+)\]$"
)

GRANTS = 150000
"""The version in which parameters began to have privileges."""

LISTS = (
    *("local_preload_libraries", "search_path", "session_preload_libraries"),
    *("shared_preload_libraries", "temp_tablespaces", "unix_socket_directories"),
)
"""Settings that hold a list of quoted names, which is SQL as it stands."""


class Names(NamedTuple):
    """What the databases of one run are called."""

    live: str
    fresh: str
    failed: str


def names(live: str, run: str) -> Names:
    """Return the names of a run's databases; two runs never share one."""
    return Names(live, _name(live, "rollback", run), _name(live, "failed", run))


def _name(live: str, kind: str, run: str) -> str:
    whole = f"{live}_{kind}_{run}"
    if len(whole.encode()) <= LONGEST:
        return whole
    digest = hashlib.sha256(whole.encode()).hexdigest()[:16]
    room = LONGEST - len(f"_{kind}_{digest}")
    return f"{live.encode()[:room].decode(errors='ignore')}_{kind}_{digest}"


class Mark(NamedTuple):
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


class Database(NamedTuple):
    """One database as the catalog has it."""

    oid: int
    row: dict[str, Any]

    @property
    def mark(self) -> Optional[Mark]:
        """What a rollback wrote into its comment, unless that is about another database."""
        found = MARK.search(self.row["comment"] or "")
        if found is None or int(found[5]) != self.oid:
            return None
        return Mark(found[1], found[2], found[3], found[4], self.oid)

    def comment(self, mark: Mark) -> str:
        """Return its comment with another mark."""
        return (MARK.sub("", self.row["comment"] or "") + " " + mark.text).strip()


class Found(NamedTuple):
    """The role that asked, and the databases that are there by name."""

    role: dict[str, Any]
    databases: dict[str, Database]


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


def look(server: Server, wanted: Names) -> Found:
    """Return the role and the databases of a run.

    Raises:
        Problem: the server does not answer.
    """
    text = server.sql(LOOK.format(names=", ".join(map(literal, wanted))))
    role = json.loads(text)
    rows = role.pop("databases")
    return Found(role, {row["datname"]: Database(row["oid"], row) for row in rows})


def creation(live: Database, fresh: str) -> str:
    """Return the statement that makes an empty database like the live one."""
    row = live.row
    words = {
        "OWNER": quoted(row["owner"]),
        "TEMPLATE": "template0",
        "ENCODING": literal(row["coded"]),
        "LC_COLLATE": literal(row["datcollate"] or "C"),
        "LC_CTYPE": literal(row["datctype"] or "C"),
        "CONNECTION LIMIT": str(row["datconnlimit"]),
        **_provider(row),
    }
    if row["space"] != "pg_default":  # which nobody is granted, nor has to be
        words["TABLESPACE"] = quoted(row["space"])
    listed = " ".join(f"{key} = {value}" for key, value in words.items())
    return f"CREATE DATABASE {quoted(fresh)} WITH {listed};"


def _provider(row: dict[str, Any]) -> dict[str, str]:
    """Return what newer servers have beside the two locales."""
    locale = str(row.get("datlocale") or row.get("daticulocale"))
    rules = {"ICU_RULES": literal(row["daticurules"])} if row.get("daticurules") else {}
    if row.get("datlocprovider") == "i":
        return {"LOCALE_PROVIDER": "icu", "ICU_LOCALE": literal(locale), **rules}
    if row.get("datlocprovider") == "b":
        return {"LOCALE_PROVIDER": "builtin", "BUILTIN_LOCALE": literal(locale)}
    return {}


CARRIED = """
SELECT coalesce(string_agg(words, E'\\n' ORDER BY step), '') FROM (
  SELECT 1 AS step, format('REVOKE ALL ON DATABASE %I FROM PUBLIC;', {fresh}) AS words
    FROM pg_database WHERE datname = {live} AND datacl IS NOT NULL
  UNION ALL
  SELECT 2, format('GRANT %s ON DATABASE %I TO %s%s;', a.privilege_type, {fresh},
    CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END,
    CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
    FROM pg_database, aclexplode(datacl) a WHERE datname = {live}
  UNION ALL
  SELECT 3, format('ALTER %s SET %I TO %s;',
    CASE s.setrole WHEN 0 THEN format('DATABASE %I', {fresh})
      ELSE format('ROLE %I IN DATABASE %I', pg_get_userbyid(s.setrole), {fresh}) END,
    split_part(c, '=', 1),
    CASE WHEN lower(split_part(c, '=', 1)) IN ({lists})
      THEN substr(c, strpos(c, '=') + 1) ELSE quote_literal(substr(c, strpos(c, '=') + 1)) END)
    FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase, unnest(s.setconfig) c
    WHERE d.datname = {live}) found;
"""


def carried(server: Server, wanted: Names) -> str:
    """Return statements that give the fresh database the live one's privileges and settings."""
    fields = {"fresh": literal(wanted.fresh), "live": literal(wanted.live)}
    return server.sql(CARRIED.format(**fields, lists=", ".join(map(literal, LISTS))))


UNSETTABLE = """
SELECT coalesce(json_agg(DISTINCT name), '[]') FROM (
  SELECT split_part(c, '=', 1) AS name, s.setrole
    FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase, unnest(s.setconfig) c
    WHERE d.datname = {live}) found
WHERE setrole NOT IN (0, (SELECT oid FROM pg_roles WHERE rolname = current_user))
  OR NOT ({granted} OR EXISTS (SELECT 1 FROM pg_settings p
    WHERE lower(p.name) = lower(found.name) AND p.context IN ('user', 'backend')));
"""


def unsettable(server: Server, found: Found, name: str) -> list[dict[str, str]]:
    """Return the settings of a database that the role may not give to another one."""
    new = found.role["version"] >= GRANTS
    granted = "has_parameter_privilege(found.name, 'SET')" if new else "false"
    listed = json.loads(server.sql(UNSETTABLE.format(live=literal(name), granted=granted)))
    who = quoted(found.role["name"])
    return [
        problem(
            f"the role {found.role['name']} may not set {each} for the restored database",
            f"as a superuser: GRANT SET ON PARAMETER {each} TO {who}; a setting of another role in "
            f"this database has to go: ALTER ROLE x IN DATABASE {quoted(name)} RESET {each};",
        )
        for each in listed
    ]


def ended(column: str, value: str) -> str:
    """Return the statement that ends, and counts, every other session with a value in a column."""
    return (  # column is ours, value is quoted
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "  # noqa: S608
        f"WHERE {column} = {literal(value)} AND pid <> pg_backend_pid();"
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


def lacking(found: Found, name: str) -> list[dict[str, str]]:
    """Return what the role would need to restore a database, each with the way out."""
    role, live = found.role, found.databases.get(name)
    who, said = quoted(role["name"]), []
    if role["super"]:
        said.append(
            problem(
                f"the role {role['name']} is a superuser, and a dump could do anything as one",
                f"CREATE ROLE x LOGIN CREATEDB; ALTER DATABASE {quoted(name)} OWNER TO x; and set "
                "user in [database]",
            )
        )
    elif not role["creates"]:
        said.append(
            problem(
                f"the role {role['name']} may not create databases",
                f"as a superuser: ALTER ROLE {who} CREATEDB;",
            )
        )
    if live is None:
        said.append(
            problem(f"there is no database {name}", f"CREATE DATABASE {quoted(name)} OWNER {who};")
        )
    elif not live.row["owned"]:
        said.append(
            problem(
                f"the database {name} belongs to {live.row['owner']}, not to {role['name']}",
                f"as a superuser: ALTER DATABASE {quoted(name)} OWNER TO {who};",
            )
        )
    return said


def problem(words: str, hint: str) -> dict[str, str]:
    """Return a problem as a look tells it."""
    return {"problem": words, "hint": hint}


def refuse(said: list[dict[str, str]]) -> None:
    """Raise the problems that were found, if there are any."""
    if said:
        raise Problem(
            "; ".join(each["problem"] for each in said), " ".join(each["hint"] for each in said)
        )
