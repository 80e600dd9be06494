"""A throw-away server beside the live one: its roles are the live one's, its databases are none."""

from __future__ import annotations

import contextlib
import json
from typing import Iterator

from ...errors import HostError
from ..postgresql import clone
from ..postgresql.catalog import LiveDatabase
from ..postgresql.server import PLAIN, Server, quoted
from . import commands, keeper
from .guard import ServerPlan
from .keeper import PATIENCE

ROLES = """
SELECT coalesce(json_agg(json_build_object('name', rolname, 'words', concat_ws(' ',
  CASE WHEN rolcreatedb THEN 'CREATEDB' END,
  CASE WHEN rolcreaterole THEN 'CREATEROLE' END, CASE WHEN rolbypassrls THEN 'BYPASSRLS' END,
  CASE WHEN rolinherit THEN 'INHERIT' ELSE 'NOINHERIT' END, 'LOGIN'))), '[]')
FROM pg_roles WHERE rolname !~ '^pg_';
"""
MEMBERS = """
SELECT coalesce(json_agg(json_build_array(r.rolname, m.rolname, a.admin_option)), '[]')
FROM pg_auth_members a JOIN pg_roles r ON r.oid = a.roleid JOIN pg_roles m ON m.oid = a.member
WHERE m.rolname !~ '^pg_' AND r.rolname NOT IN ('pg_execute_server_program',
  'pg_read_server_files', 'pg_write_server_files');
"""
"""Who is a member of what. Nobody is a superuser there, or may reach the host from inside."""

SPACES = """
SELECT coalesce(json_agg(json_build_array(spcname, has_tablespace_privilege(oid, 'CREATE'))), '[]')
FROM pg_tablespace WHERE spcname !~ '^pg_';
"""
READER = "rollback_reader"
READS_ALL = 140000
"""Since this version a role can be given leave to read everything."""


@contextlib.contextmanager
def server(live: Server, plan: ServerPlan) -> Iterator[Server]:
    """Yield a throw-away server as its superuser; it is gone afterwards.

    Raises:
        HostError: it cannot be had, or had to end before the body did.
    """

    def at(place: str) -> Server:
        return live._replace(host=place, port=commands.PORT, user=commands.SUPERUSER)

    def answers(place: str) -> bool:
        asked = at(place).call("psql", PLAIN, live.maintenance, PATIENCE, script="SELECT 1;")
        return not asked.code

    with keeper.served(plan, live.account, answers) as place:
        yield at(place)


def furnish(live: Server, fresh: Server, database: LiveDatabase, role: str) -> Server:
    """Make the live server's roles, and an empty database like the live one; return it.

    It is the throw-away server as the role that would restore the dump.

    Raises:
        HostError: the live one has what this server cannot have.
    """
    roles = json.loads(live.sql(ROLES))
    words = [f"CREATE ROLE {quoted(each['name'])} WITH {each['words']};" for each in roles]
    for above, member, admin in json.loads(live.sql(MEMBERS)):
        option = " WITH ADMIN OPTION" if admin else ""
        words.append(f"GRANT {quoted(above)} TO {quoted(member)}{option};")
    plain = database._replace(row={**database.row, "space": "pg_default", "datconnlimit": -1})
    fresh.sql("\n".join([*words, clone.creation(plain, live.name)]), timeout=PATIENCE)
    for space, granted in json.loads(live.sql(SPACES)):
        made = [f"CREATE TABLESPACE {quoted(space)} LOCATION '';"]
        made += [f"GRANT CREATE ON TABLESPACE {quoted(space)} TO {quoted(role)};"] * granted
        with contextlib.suppress(HostError):  # an old server knows none without a directory
            fresh.sql("\n".join(["SET allow_in_place_tablespaces = on;", *made]))
    return fresh._replace(user=role)


def reader(fresh: Server, trial: Server, version: int) -> Server:
    """Return the throw-away server as a role that may read all of it, and do nothing else.

    What a dump has brought along is never touched as a superuser: its functions and casts would run
    as one. An old server has no such role, and is read as the role that restored the dump.
    """
    if version < READS_ALL:
        return trial
    fresh.sql(f"CREATE ROLE {READER} LOGIN BYPASSRLS IN ROLE pg_read_all_data;")
    return fresh._replace(user=READER)
