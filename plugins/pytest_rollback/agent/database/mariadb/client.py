"""A MariaDB server, asked by its own client as the user of rollback.toml, and never as root.

As root we first become somebody who can connect as that user: the account of the user's name, which
is what `unix_socket` wants; else the one that the units run as; else the socket's owner. Passwords
are never ours to know: that account's `~/.my.cnf` holds them where they are needed.
"""

from __future__ import annotations

import json
import os
import pwd
import re
import shutil
from typing import Any, BinaryIO, List, NamedTuple, Optional, Sequence

from ...errors import HostError, shortened
from ...files import lookup, ownership, reach
from ...system.command import MOST, CommandResult, identity, run, surroundings
from .. import naming
from ..messages import DatabaseAccess

CLIENTS = ("mariadb", "mysql")
"""The names of the client, the likeliest first."""

ASKING = 30.0
"""Seconds for statements that only look, or change names."""

WAITING = 2
"""Seconds that a look waits for a lock."""

READ_ONLY = (
    "SET SESSION TRANSACTION READ ONLY; SET lock_wait_timeout = {waiting}, "
    "innodb_lock_wait_timeout = {waiting}, max_statement_time = {seconds};\n"
)
"""What comes before a question: it may change nothing, and delays nobody."""

VALUE = re.compile(r"((?:entry|near|value:?) )'.*'")
"""How the server quotes data in what it says of an error."""

PLAIN = (
    *("--batch", "--raw", "--skip-column-names", "--binary-mode", "--skip-reconnect"),
    *("--local-infile=0", "--default-character-set=utf8mb4", "--connect-timeout=10"),
    *("--comments", "--skip-auto-rehash", "--skip-force", "--delimiter=;", "--skip-safe-updates"),
    *("--skip-xml", "--skip-html", "--skip-vertical", "--skip-table", "--skip-show-warnings"),
    *("--skip-pager", "--skip-tee", "--skip-line-numbers", "--skip-column-type-info"),
)
"""Plain rows, and the end at the first error, whatever the account's options say for people."""

NOWHERE = "information_schema"
"""The database that everybody may be in; the account's options may name another one."""

PACKET = "--max-allowed-packet=1G"


class MariadbServer(NamedTuple):
    """One server as one user, and the system's database there.

    `account` is who we become for it, "" for who we are; `session` marks our statements. `is_ours`
    tells that we have started it, and that no options of the host are for it.
    """

    host: str
    port: int
    user: str
    tools: str
    account: str
    name: str
    session: str
    is_ours: bool = False

    def call(
        self,
        database: str,
        timeout: float,
        *,
        script: str = "",
        given: Optional[BinaryIO] = None,
        most: int = MOST,
    ) -> CommandResult:
        """Have the client run statements, in a database where one is named; return how it ended.

        Raises:
            HostError: as `program` does.
        """
        socket = self.host.startswith("/")
        place = [f"--socket={self.host}"] if socket else [f"--host={self.host}", "--protocol=tcp"]
        words = [
            self.program(),
            *(["--no-defaults"] if self.is_ours else []),
            *place,
            *([] if socket else [f"--port={self.port}"]),
            *([f"--user={self.user}"] if self.user else []),
            *PLAIN,
            PACKET,
            f"--database={database or NOWHERE}",
        ]
        return run(
            words,
            timeout,
            env=surroundings(identity(self.account)),
            cwd="/",
            user=self.account,
            stdin=script.encode("utf-8", "surrogateescape"),
            given=given,
            most=most,
        )

    def program(self) -> str:
        """Return where the client is.

        Raises:
            HostError: it is not where the manifest says; or others than root, and than the account
                that we become, can change it.
        """
        place = where(CLIENTS, self.tools)
        if place is None:
            raise HostError(f"there is no {CLIENTS[0]} in {self.tools or 'PATH'}", way(self.tools))
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
        outcome = self.call(database, timeout, script=script, most=most)
        if outcome.cut:
            raise HostError(f"the database server said more than {most:,} bytes", self.hint)
        if outcome.code:
            late = f" (timed out after {timeout:.0f} s)" if outcome.timed_out else ""
            raise HostError(f"error of the database server: {said(outcome)}{late}", self.hint)
        return outcome.out.strip("\n")

    def rows(self, query: str, database: str = "", timeout: float = ASKING) -> List[Any]:
        """Return the rows of a query that yields one JSON value for each; nothing is changed.

        Raises:
            HostError: it failed, in the server's words.
        """
        words = READ_ONLY.format(waiting=WAITING, seconds=int(timeout)) + query
        said_ = self.sql(words, database, timeout + WAITING, most=64 * MOST)
        return [json.loads(line) for line in said_.split("\n") if line]

    @property
    def hint(self) -> str:
        """How to see on the host what we see."""
        who = f"sudo -H -u {self.account} " if self.account else ""
        role = f" --user={self.user}" if self.user else ""
        tool = f"{self.tools}/{CLIENTS[0]}" if self.tools else CLIENTS[0]
        place = f"--socket={self.host}" if self.host.startswith("/") else f"--host={self.host}"
        port = "" if self.host.startswith("/") else f" --port={self.port}"
        return f"on the host: {who}{tool} {place}{port}{role} {self.name}"


def where(programs: Sequence[str], tools: str = "") -> Optional[str]:
    """Return where a program is, by one of its names; where the manifest names a place, there."""
    places = tools or surroundings()["PATH"]
    found = (shutil.which(each, path=places) for each in programs)
    return next((each for each in found if each), None)


def way(tools: str) -> str:
    """Return how to get a client that is not where it was looked for."""
    other = where(CLIENTS)
    if tools and other:
        return f"correct tools in [database]; without it {other} is used"
    return "set tools in [database], or install it: apt-get install mariadb-client"


def said(outcome: CommandResult) -> str:
    """Return an error of the client for people: its first one, without the data that it quotes."""
    lines = [line.strip() for line in (outcome.err or outcome.out).splitlines()]
    wrong = [line for line in lines if line.startswith("ERROR")]
    return shortened(VALUE.sub(r"\1'...'", wrong[0] if wrong else outcome.words), 300)


def literal(text: str) -> str:
    """Return a text as SQL, whatever the mode of the session is."""
    return f"CONVERT(X'{text.encode('utf-8', 'surrogateescape').hex()}' USING utf8mb4)"


def quoted(name: str) -> str:
    """Return a name as SQL."""
    return "`" + name.replace("`", "``") + "`"


def reached(database: DatabaseAccess, run_id: str = "") -> MariadbServer:
    """Return the server of a database, for a run or none.

    Raises:
        HostError: nobody that we may become can connect to it.
    """
    server = MariadbServer(
        database.host,
        database.port,
        database.user,
        database.tools,
        "",
        database.name,
        naming.signed(run_id),
    )
    tried = []
    owner = socket_owner(database.host) if database.host.startswith("/") else "nobody"
    for account in naming.accounts((database.user, database.account, owner)):
        server = server._replace(account=account)
        outcome = server.call("", ASKING, script="SELECT 1;")
        if outcome.code == 0:
            return server
        tried.append(f"{account or 'this user'}: {said(outcome)}")
    raise unreached(server, tried)


def unreached(server: MariadbServer, tried: Sequence[str]) -> HostError:
    """Return why nobody could connect."""
    if server.host.startswith("/") and not lookup.kind(server.host):
        return HostError(
            f"no database server listens at {server.host}",
            "start it, or correct host in [database]: the path of its socket",
        )
    if not tried:
        return HostError(
            "the database server is never called as root, and there is no other account",
            "set [system] user, or create an account with the name of [database] user",
        )
    return HostError(
        f"the database server cannot be reached as the user {server.user!r}: {'; '.join(tried)}",
        f"start it, or repair this: {server.hint}; a password belongs into ~/.my.cnf of that "
        "account, mode 0600; or restore no database: return = 'keep' in [database]",
    )


def socket_owner(path: str) -> str:
    """Return who a socket belongs to, "" where that cannot be told."""
    try:
        return pwd.getpwuid(reach.status(path).st_uid).pw_name
    except (OSError, KeyError):
        return ""
