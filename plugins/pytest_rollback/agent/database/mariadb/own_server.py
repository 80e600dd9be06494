"""A throw-away MariaDB: the programs of the live one's major version, and a user like the live one.

It runs as the account that connects to the live one, with little memory, on a socket in a directory
of its own and on no port. The user that loads the dump may do nothing outside of its database.
"""

from __future__ import annotations

import contextlib
import os
import re
from typing import Iterator, NamedTuple

from ...errors import HostError
from ...files import lookup, ownership
from ...system import processes
from ...system.command import identity, run, surroundings
from ..rehearsal import keeper
from ..rehearsal.guard import PLACE, ServerLimits, ServerPlan
from . import catalog
from .catalog import MariadbDatabase
from .client import MariadbServer, quoted, where

SERVERS = ("mariadbd", "mysqld")
MAKERS = ("mariadb-install-db", "mysql_install_db")
PLACES = "/usr/sbin:/usr/libexec:/usr/local/sbin:/usr/local/mysql/bin"
"""Where packages put the programs of a server, beside PATH."""

VERSION = re.compile(r"Ver (\d+\.\d+)\.")
ASKING = 10.0
SOCKET = "s"
USER = "rollback_rehearsal"
ROOT = "root"
MEMORY = ("--innodb-buffer-pool-size=64M", "--innodb-log-file-size=32M", "--key-buffer-size=8M")
SMALL = ("--innodb-flush-log-at-trx-commit=0", "--skip-innodb-doublewrite", "--sync-frm=0")
SETTINGS = (
    *("--skip-networking", "--skip-log-bin", "--skip-slave-start", "--event-scheduler=DISABLED"),
    *("--max-connections=10", "--local-infile=0", "--secure-file-priv=" + PLACE + "/data"),
    *("--performance-schema=OFF", "--max-allowed-packet=1G", "--aria-pagecache-buffer-size=8M"),
    *("--skip-symbolic-links", "--tmpdir=" + PLACE, "--skip-name-resolve"),
)


class MariadbPrograms(NamedTuple):
    """The programs of a server: what makes its files, and what serves."""

    maker: str
    server: str


def programs(server: MariadbServer, version: str) -> MariadbPrograms:
    """Return the programs of a server of a major version, such as 10.11.

    Raises:
        HostError: this host has none that only root, or who runs them, can change.
    """
    refused = ""
    maker = where(MAKERS, f"{surroundings()['PATH']}:{PLACES}")
    for place in dict.fromkeys(candidates(server)):
        if maker and lookup.kind(place) == "file":
            found = MariadbPrograms(maker, place)
            why = unfit(server, found, version)
            if not why:
                return found
            refused = why
    raise HostError(
        f"this host has no programs of a MariaDB {version} server to rehearse with"
        + (f": {refused}" if refused else ""),
        "install them: apt-get install mariadb-server; or rehearse where they are, on a copy of "
        "the dump",
    )


def candidates(server: MariadbServer) -> Iterator[str]:
    """Yield programs to try: that of a running server first."""
    for each in processes.processes():
        with contextlib.suppress(OSError):
            program = os.readlink(f"/proc/{each.pid}/exe")
            if os.path.basename(program) in SERVERS:
                yield program
    for place in (*server.tools.split(), *surroundings()["PATH"].split(":"), *PLACES.split(":")):
        for name in SERVERS:
            yield os.path.join(place, name)


def unfit(server: MariadbServer, found: MariadbPrograms, version: str) -> str:
    """Return why programs cannot be used, "" where they can."""
    account = identity(server.account)
    allowed = {account.pw_uid if account else os.geteuid()}
    for path in found:
        others = ownership.changers(path) - allowed
        if others:
            return ownership.told(path, others)
    told = run([found.server, "--no-defaults", "--version"], ASKING, user=server.account, cwd="/")
    there = VERSION.search(told.out)
    if there is None:
        return f"{found.server}: {told.words}"
    return "" if there[1] == version else f"{found.server} has version {there[1]}"


def planned(found: MariadbPrograms, scratch: str, limits: ServerLimits) -> ServerPlan:
    """Return how a server is started below a directory."""
    data = f"--datadir={PLACE}/data"
    return ServerPlan(
        making=(
            *(found.maker, "--no-defaults", data, "--auth-root-authentication-method=normal"),
            *("--skip-test-db", "--skip-name-resolve", f"--tmpdir={PLACE}", *MEMORY),
        ),
        serving=(
            *(found.server, "--no-defaults", data, f"--socket={PLACE}/{SOCKET}"),
            *(f"--pid-file={PLACE}/pid", *MEMORY, *SMALL, *SETTINGS),
        ),
        scratch=scratch,
        limits=limits,
    )


@contextlib.contextmanager
def served(
    live: MariadbServer, plan: ServerPlan, database: MariadbDatabase
) -> Iterator[MariadbServer]:
    """Yield a throw-away server as a user who may fill a database like the live one, and no more.

    Raises:
        HostError: it cannot be had, or had to end before the body did.
    """

    def at(place: str) -> MariadbServer:
        return live._replace(host=os.path.join(place, SOCKET), user=ROOT, is_ours=True)

    def answers(place: str) -> bool:
        return not at(place).call("", ASKING, script="SELECT 1;").code

    with contextlib.ExitStack() as stack:
        place = stack.enter_context(keeper.served(plan, live.account, answers))
        fresh = at(place)
        words = catalog.created(live.name, database, "")
        words += f"\nCREATE USER {USER}@localhost;"
        pattern = live.name.replace("\\", "\\\\").replace("_", "\\_").replace("%", "\\%")
        words += f"\nGRANT ALL ON {quoted(pattern)}.* TO {USER}@localhost;"
        fresh.sql(words)
        yield fresh._replace(user=USER)
