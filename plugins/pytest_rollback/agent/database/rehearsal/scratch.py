"""A throw-away server beside the live one: its roles are the live one's, its databases are none."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import time
from typing import Iterator, List, NamedTuple

from ...errors import HostError
from ...system import disk
from ...system.command import entering, identity
from ..postgresql import clone
from ..postgresql.catalog import LiveDatabase
from ..postgresql.server import PLAIN, Server, quoted
from . import guard
from .guard import ServerPlan

PATIENCE = 90.0
"""Seconds until a server has to answer; a busy host needs ten."""

PAUSE = 0.05

GONE = "over its guard was killed"
"""What is heard of a guard that ended without a word."""

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


class GuardProcess(NamedTuple):
    """A guard at work: its process, what it hears us by, and what it tells."""

    pid: int
    life: int
    told: int

    def heard(self, seconds: float) -> List[str]:
        """Return what the guard told within so many seconds, a line each; `GONE` after its end."""
        if not select.select([self.told], [], [], max(0.0, seconds))[0]:
            return []
        return os.read(self.told, 1 << 16).decode("utf-8", "replace").splitlines() or [GONE]

    def end(self) -> str:
        """Have the guard end and wait for it; return why it ended before, if it did."""
        os.close(self.life)
        until, lines = time.monotonic() + PATIENCE, [""]
        while lines[-1] != GONE and time.monotonic() < until:
            lines += self.heard(until - time.monotonic())
        os.close(self.told)
        if time.monotonic() >= until:  # its server ends with it
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        return next((line[len("over ") :] for line in lines if line.startswith("over")), "")


def begun(plan: ServerPlan, account: str) -> GuardProcess:
    """Start a guard as an account, "" for who we are."""
    become = entering(identity(account))
    hears, life = os.pipe()
    told, tells = os.pipe()
    pid = os.fork()
    if not pid:  # pragma: no cover - in the other process
        guard.child(plan, hears, tells, become)
    os.close(hears)
    os.close(tells)
    return GuardProcess(pid, life, told)


@contextlib.contextmanager
def server(live: Server, plan: ServerPlan) -> Iterator[Server]:
    """Yield a throw-away server as its superuser; it is gone afterwards.

    Raises:
        HostError: it cannot be had, or had to end before the body did.
    """
    guarded, place = begun(plan, live.account), ""
    try:
        place = _place(guarded)
        fresh = live._replace(host=place, port=guard.PORT, user=guard.SUPERUSER)
        _awaited(fresh, guarded)
        yield fresh
    except HostError as problem:
        reason = guarded.end()
        raise _gone(reason, plan) if reason and place else problem from None
    except BaseException:
        guarded.end()
        raise
    reason = guarded.end()
    if reason:
        raise _gone(reason, plan)


def _gone(reason: str, plan: ServerPlan) -> HostError:
    return HostError(
        f"the throw-away server of the rehearsal ended: {reason}",
        f"see df {plan.scratch}, and scratch and limit in [database.rehearsal]; the live database "
        "was only read",
    )


def _place(guarded: GuardProcess) -> str:
    """Return where the server is, once it is started."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        for line in guarded.heard(until - time.monotonic()):
            word, _, rest = line.partition(" ")
            if word == "place":
                return rest
            if word == "over":
                raise HostError(
                    f"no throw-away server can be started: {rest}",
                    "set scratch in [database.rehearsal] to a directory in which the account of "
                    "the database may make files",
                )
    raise HostError("no throw-away server was started in time", "try again on a calmer host")


def _awaited(fresh: Server, guarded: GuardProcess) -> None:
    """Wait until the server answers."""
    until = time.monotonic() + PATIENCE
    while fresh.call("psql", PLAIN, fresh.maintenance, PATIENCE, script="SELECT 1;").code:
        if time.monotonic() > until or guarded.heard(PAUSE):
            raise HostError("the throw-away server does not answer", "try again on a calmer host")


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


def lacking(scratch: str, need: int, reserve: int) -> str:
    """Return that a directory has no room for so many bytes beside a reserve, "" where it has."""
    found = disk.room(disk.Need(disk.existing(scratch), need + reserve))
    if found.enough:
        return ""
    return f"{found.mount} has {found.free:,} bytes free, a rehearsal needs {found.need:,}"
