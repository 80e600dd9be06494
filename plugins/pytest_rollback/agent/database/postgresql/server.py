"""A PostgreSQL server, asked by its own tools as the role of rollback.toml, and never as root.

As root we first become somebody who can connect as that role: the account of the role's name, which
is what peer authentication wants; else the one that the units run as; else the socket's owner.
Passwords are never ours to know: that account's `~/.pgpass` holds them where they are needed.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import re
from typing import BinaryIO, Iterator, List, NamedTuple, Sequence

from ...errors import HostError, shortened
from ...files import lookup, ownership, reach
from ...system.command import MOST, CommandResult, identity, run, surroundings
from .. import naming
from ..messages import DatabaseAccess
from . import dump_header, tools

ASKING = 30.0
"""Seconds for statements that only look, or change names."""

VALUE = re.compile(r"(: |value )\"[^\"]*\"")
"""How the server quotes data in what it says of an error."""

SERVES = ("postgres", "postmaster")
VERSION = "SHOW server_version_num;"

PLAIN = ("-X", "-q", "-A", "-t", "-w", "-v", "ON_ERROR_STOP=1", "-v", "VERBOSITY=terse")


class Server(NamedTuple):
    """One server as one role, and the system's database there.

    `account` is who we become for it, "" for who we are; `session` is how the server calls us.
    """

    host: str
    port: int
    user: str
    tools: str
    account: str
    name: str
    session: str

    @property
    def maintenance(self) -> str:
        """The database to be in while another one is renamed."""
        return "template1" if self.name == "postgres" else "postgres"

    def call(
        self,
        tool: str,
        argv: Sequence[str],
        database: str | None,
        timeout: float,
        *,
        script: str = "",
        given: BinaryIO | None = None,
        most: int = MOST,
    ) -> CommandResult:
        """Run a tool of the server's, in a database where one is named; return how it ended.

        Raises:
            HostError: as `program` does.
        """
        found = identity(self.account)
        env = {
            **surroundings(found),
            "PGHOST": self.host,
            "PGPORT": str(self.port),
            "PGAPPNAME": self.session,
            "PGCLIENTENCODING": "UTF8",
            "PGCONNECT_TIMEOUT": "10",
            **({"PGUSER": self.user} if self.user else {}),
        }
        return run(
            [self.program(tool), *([] if database is None else ["-d", conninfo(database)]), *argv],
            timeout,
            env=env,
            cwd="/",
            user=self.account,
            stdin=script.encode("utf-8", "surrogateescape"),
            given=given,
            most=most,
        )

    def program(self, tool: str) -> str:
        """Return where a tool of the server's is.

        Raises:
            HostError: it is not where the manifest says; or others than root, and than the account
                that we become, can change it.
        """
        place = tools.where(tool, self.tools)
        if place is None:
            raise HostError(
                f"there is no {tool} in {self.tools or 'PATH'}", tools.way(tool, self.tools)
            )
        account = identity(self.account)
        others = ownership.changers(place) - {account.pw_uid if account else os.geteuid()}
        if others:
            raise HostError(
                f"{ownership.told(place, others)}, and is not run as {self.account or 'us'}",
                f"namei -l {place}; set tools in [database] to a directory of root's",
            )
        return place

    def sql(
        self, script: str, database: str = "", timeout: float = ASKING, *, most: int = MOST
    ) -> str:
        """Run statements, each on its own, up to the first that fails; return what they say.

        Raises:
            HostError: one failed, in the server's words.
        """
        place = database or self.maintenance
        # what somebody called as one of the server's own functions is not called instead
        words = f"SET search_path = pg_catalog;\n{script}"
        outcome = self.call("psql", PLAIN, place, timeout, script=words, most=most)
        if outcome.cut:
            raise HostError(f"the database server said more than {most:,} bytes", self.hint)
        if outcome.code:
            late = f" (timed out after {timeout:.0f} s)" if outcome.timed_out else ""
            raise HostError(f"error of the database server: {said(outcome)}{late}", self.hint)
        return outcome.out.strip()

    @property
    def hint(self) -> str:
        """How to see on the host what we see."""
        who = f"sudo -u {self.account} " if self.account else ""
        role = f"-U {self.user} " if self.user else ""
        tool = f"{self.tools}/psql" if self.tools else "psql"
        return f"on the host: {who}{tool} -h {self.host} -p {self.port} {role}{self.maintenance}"


def said(outcome: CommandResult) -> str:
    """Return an error of a tool for people: its first one, without the data that it quotes."""
    lines = [line.strip() for line in (outcome.err or outcome.out).splitlines()]
    wrong = [line for line in lines if "ERROR:" in line or "FATAL:" in line]
    wrong += [line for line in lines if "error:" in line]
    found = wrong[0] if wrong else outcome.words
    found = re.sub(r"^.*?(?=ERROR:|FATAL:|error:)", "", found)
    return shortened(VALUE.sub(r'\1"..."', found), 300)


def conninfo(database: str) -> str:
    """Return what libpq takes for a database's name, whatever is in it."""
    quoted = database.replace("\\", "\\\\").replace("'", "\\'")
    return f"dbname='{quoted}'"


def literal(text: str) -> str:
    """Return a text as SQL."""
    return "'" + text.replace("'", "''") + "'"


def quoted(name: str) -> str:
    """Return a name as SQL."""
    return '"' + name.replace('"', '""') + '"'


def reached(database: DatabaseAccess, run_id: str = "") -> Server:
    """Return the server of a database, for a run or none.

    Raises:
        HostError: nobody that we may become can connect to it.
    """
    server = Server(
        database.host,
        database.port,
        database.user,
        database.tools,
        "",
        database.name,
        naming.signed(run_id),
    )
    tried = []
    for account in accounts(server, database.account):
        server = server._replace(account=account)
        outcome = server.call("psql", PLAIN, server.maintenance, ASKING, script=VERSION)
        if outcome.code == 0:
            return own(server, database, tools.major(int(outcome.out)))
        tried.append(f"{account or 'this user'}: {said(outcome)}")
    if not tried:
        if server.host.startswith("/") and not lookup.kind(socket(server)):
            raise HostError(
                f"no database server listens at {socket(server)}",
                "start it, or correct host and port in [database]",
            )
        raise HostError(
            "the database server is never called as root, and there is no other account",
            "set [system] user, or create an account with the name of [database] user",
        )
    raise HostError(
        f"the database server cannot be reached as the role {server.user!r}: {'; '.join(tried)}",
        f"start it, or repair this: {server.hint}; peer authentication needs an account with the "
        "name of the role; or restore no database: return = 'keep' in [database]",
    )


def own(server: Server, database: DatabaseAccess, version: str) -> Server:
    """Return a server asked by tools of its major version, unless rollback.toml names some.

    Where the dump was made by newer ones, only these can read it.
    """
    if server.tools:
        return server
    return matched(server, dump_header.of_any(database.dump).reader(version), version)


def matched(server: Server, wanted: str, version: str) -> Server:
    """Return a server of a major version, asked by tools of a wanted one where they are here."""
    running: List[str] = []
    if wanted == version:
        with contextlib.suppress(OSError, IndexError, ValueError):
            running = [running_from(server)]
    place = tools.of_version(wanted, running, server.account)
    return server._replace(tools=place) if place else server


def running_from(server: Server) -> str:
    """Return the directory of the program that serves on this host; it is of the major version.

    Raises:
        OSError, IndexError, ValueError: that cannot be told.
    """
    pid = int(reach.text(f"{socket(server)}.lock").splitlines()[0])
    place, program = os.path.split(os.readlink(f"/proc/{pid}/exe"))
    if program not in SERVES:  # it counts processes by itself, in a container
        raise ValueError(program)
    return place


def accounts(server: Server, user: str) -> Iterator[str]:
    """Yield whom we may become to connect, the likeliest first; root never."""
    owner = socket_owner(server) if server.host.startswith("/") else "nobody"
    return naming.accounts((server.user, user, owner))


def socket_owner(server: Server) -> str:
    """Return who a server's socket belongs to, "" where that cannot be told."""
    try:
        uid = reach.status(socket(server)).st_uid
        return pwd.getpwuid(uid).pw_name
    except (OSError, KeyError):
        return ""


def socket(server: Server) -> str:
    """Return the path of a server's socket."""
    return f"{server.host}/.s.PGSQL.{server.port}"


def directory(server: Server) -> str:
    """Return where a server on this host keeps its data, "" where that cannot be told.

    The second line of the file beside its socket says so; the role itself may not ask.
    """
    try:
        place = reach.text(f"{socket(server)}.lock").splitlines()[1]
    except (OSError, IndexError):
        return ""
    return place if lookup.kind(place) == "directory" else ""
