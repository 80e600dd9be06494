"""A database like the live one: empty, with its settings and privileges; which role may do it."""

from __future__ import annotations

import json
from typing import Any

from ...errors import HostError
from ..messages import DatabaseProblem
from ..naming import DatabaseNames
from .catalog import Catalog, LiveDatabase
from .server import Server, literal, quoted

GRANTS = 150000
"""The version in which parameters began to have privileges."""

LISTS = (
    *("local_preload_libraries", "search_path", "session_preload_libraries"),
    *("shared_preload_libraries", "temp_tablespaces", "unix_socket_directories"),
)
"""Settings that hold a list of quoted names, which is SQL as it stands."""


def creation(live: LiveDatabase, fresh: str) -> str:
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


def carried(server: Server, wanted: DatabaseNames) -> str:
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


def unsettable(server: Server, found: Catalog, name: str) -> list[DatabaseProblem]:
    """Return the settings of a database that the role may not give to another one."""
    new = found.role["version"] >= GRANTS
    granted = "has_parameter_privilege(found.name, 'SET')" if new else "false"
    listed = json.loads(server.sql(UNSETTABLE.format(live=literal(name), granted=granted)))
    who = quoted(found.role["name"])
    return [
        DatabaseProblem(
            f"the role {found.role['name']} may not set {each} for the restored database",
            f"as a superuser: GRANT SET ON PARAMETER {each} TO {who}; a setting of another role in "
            f"this database has to go: ALTER ROLE x IN DATABASE {quoted(name)} RESET {each};",
        )
        for each in listed
    ]


def lacking(found: Catalog, name: str) -> list[DatabaseProblem]:
    """Return what the role would need to restore a database, each with the way out."""
    role, live = found.role, found.databases.get(name)
    who = quoted(role["name"])
    said: list[DatabaseProblem] = []
    if role["super"]:
        said.append(
            DatabaseProblem(
                f"the role {role['name']} is a superuser: the dump could change anything",
                f"CREATE ROLE x LOGIN CREATEDB; ALTER DATABASE {quoted(name)} OWNER TO x; and set "
                "user in [database]",
            )
        )
    elif not role["creates"]:
        said.append(
            DatabaseProblem(
                f"the role {role['name']} may not create databases",
                f"as a superuser: ALTER ROLE {who} CREATEDB;",
            )
        )
    if live is None:
        said.append(
            DatabaseProblem(
                f"there is no database {name}", f"CREATE DATABASE {quoted(name)} OWNER {who};"
            )
        )
    elif not live.row["owned"]:
        said.append(
            DatabaseProblem(
                f"the database {name} belongs to {live.row['owner']}, not to {role['name']}",
                f"as a superuser: ALTER DATABASE {quoted(name)} OWNER TO {who};",
            )
        )
    return said


def refuse(problems: list[DatabaseProblem]) -> None:
    """Raise the problems that were found, if there are any."""
    if problems:
        raise HostError(
            "; ".join(each.problem for each in problems), " ".join(each.hint for each in problems)
        )
