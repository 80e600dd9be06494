"""HAProxy by its runtime API: the servers of one backend are the hosts of the fleet.

Promise: a host is out once HAProxy says MAINT, and that only after its sessions have ended or time
was up; `drain` alone still serves holders of cookies. It is back once HAProxy has checked it anew
and says UP: right after `state ready` it says UP without having looked.
"""

from __future__ import annotations

import csv
import socket
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from pytest_rollback.errors import Refused
from pytest_rollback.extras.fleet.judge import named
from pytest_rollback.manifest.fleet import Fleet

PATIENCE = 5.0
"""Seconds for one answer of the runtime API."""

PAUSE = 0.3
"""Seconds between two looks at one server."""

SETTLED = 5
"""Seconds in which a server has been checked that falls at its first bad check: until then its UP
may be the one that is there before any check."""

SERVER = "2"
"""The type of a line of `show stat` that is about a server."""


class BalancerSilent(Refused):
    """The balancer gave no answer; a reload of it takes a moment."""


class BalancedServer(NamedTuple):
    """A server of a backend as `show stat` has it.

    `status` is HAProxy's word, `sessions` how many are open now, `since` the seconds it has been
    so. `checked` is whether all checks that count are good, `has_check` whether there are any.
    `spare` is a server that is used only where no other one is.
    """

    name: str
    status: str
    sessions: int
    since: int
    checked: bool
    has_check: bool
    spare: bool

    @property
    def is_out(self) -> bool:
        """Whether somebody has taken it out, for all users."""
        return self.status.startswith("MAINT")

    @property
    def takes_users(self) -> bool:
        """Whether new users are sent there."""
        return self.status.startswith(("UP", "no check"))

    @property
    def is_up(self) -> bool:
        """Whether new users are sent there because it was found to be well."""
        return self.status == "UP" and self.checked


class RuntimeApi:
    """The runtime API of one HAProxy, asked about one backend; a connection for each question.

    Args:
        place: a Unix socket by its whole path, or `host:port`.
        backend: its name.
    """

    def __init__(self, place: str, backend: str) -> None:
        self.place, self.backend = place, backend

    def asked(self, command: str) -> str:
        """Return what HAProxy says to a command.

        Raises:
            BalancerSilent: it does not answer.
        """
        host, _, port = self.place.rpartition(":")
        is_path = self.place.startswith("/")
        family = socket.AF_UNIX if is_path else socket.AF_INET
        said = b""
        try:
            with (
                socket.socket(family, socket.SOCK_STREAM)
                if is_path
                else socket.create_connection((host, int(port)), PATIENCE)
            ) as line:
                line.settimeout(PATIENCE)
                if is_path:
                    line.connect(self.place)
                line.sendall(command.encode() + b"\n")
                while piece := line.recv(1 << 16):
                    said += piece
        except OSError as error:
            raise BalancerSilent(
                f"HAProxy does not answer at {self.place}: {error.strerror or error}",
                hint="see 'stats socket' in its configuration, and balancer in [fleet]",
            ) from error
        return said.decode("utf-8", "replace")

    def servers(self) -> dict[str, BalancedServer]:
        """Return the servers of the backend, by name.

        Raises:
            Refused: there is no such backend, or no answer.
        """
        rows = csv.DictReader(self.asked("show stat").lstrip("# ").splitlines())
        backends, found = set[str](), dict[str, BalancedServer]()
        for row in rows:
            backends.add(row["pxname"])
            if row["pxname"] == self.backend and row.get("type") == SERVER:
                found[row["svname"]] = described(row)
        if not found:
            raise Refused(
                f"HAProxy at {self.place} has no server in a backend {self.backend}",
                hint=f"backend in [fleet] is one of: {named(sorted(backends), 8) or 'none'}",
            )
        return found

    def set_state(self, server: str, state: str) -> None:
        """Have a server drained, in maintenance or ready.

        Raises:
            Refused: HAProxy says something against it.
        """
        said = self.asked(f"set server {self.backend}/{server} state {state}").strip()
        if said:
            raise Refused(
                f"set server {self.backend}/{server} state {state}: {said.splitlines()[0]}",
                hint="the socket has to be one of: stats socket ... level admin",
            )


def described(row: Mapping[str, str]) -> BalancedServer:
    """Return a server as a line of `show stat` describes it."""

    def number(key: str) -> int:
        text = row.get(key) or ""
        return int(text) if text.isdigit() else 0

    rise, fall, health = (number(f"check_{each}") for each in ("rise", "fall", "health"))
    since = number("lastchg")
    full = bool(fall) and health >= rise + fall - 1
    return BalancedServer(
        name=row["svname"],
        status=row["status"],
        sessions=number("scur"),
        since=since,
        checked=full and (fall > 1 or since >= SETTLED),
        has_check=row["status"] != "no check",
        spare=number("bck") > 0,
    )


class HaproxyBalancer:
    """HAProxy before a fleet.

    Args:
        fleet: has `balancer` and `backend`.
        hosts: the names of all of its hosts.
    """

    tells = moves = True

    def __init__(self, fleet: Fleet, hosts: Sequence[str]) -> None:
        self.fleet, self.hosts = fleet, hosts
        self.api = RuntimeApi(fleet.balancer or "", fleet.backend or "")

    def server(self, host: str, among: Mapping[str, BalancedServer]) -> BalancedServer | None:
        """Return the server of a host: of its name, or of what stands before the first dot."""
        return among.get(host) or among.get(host.partition(".")[0])

    def found(self) -> dict[str, BalancedServer]:
        """Return the server of each host that has one."""
        among = self.api.servers()
        pairs = ((each, self.server(each, among)) for each in self.hosts)
        return {host: server for host, server in pairs if server}

    def move(self, what: str, host: str, _folder: Path) -> ServerMove:
        """Take a host out, or bring it back; see `Balancer`."""
        return ServerMove(self, what, host)

    def serving(self) -> frozenset[str]:
        """Return the hosts whose servers take users; see `Balancer`."""
        return frozenset(host for host, each in self.found().items() if each.takes_users)

    def out(self) -> Mapping[str, str]:
        """Return the hosts that somebody has taken out; see `Balancer`."""
        return {
            host: each.status
            for host, each in self.found().items()
            if each.is_out or each.status.startswith("DRAIN")
        }

    def refuse_stale(self) -> None:
        """Refuse other servers than the fleet has hosts, and those without a check."""
        among, backend = self.api.servers(), self.api.backend
        found = self.found()
        lacking = [each for each in self.hosts if each not in found]
        mine = [each.name for each in found.values()]
        twice = sorted({each for each in mine if mine.count(each) > 1})
        strange = [s.name for s in among.values() if not (s.name in mine or s.spare or s.is_out)]
        blind = [each.name for each in found.values() if not each.has_check]
        for names, said, hint in (
            (lacking, "no server for", f"add them to backend {backend}, under these names"),
            (twice, "one server for two hosts:", "servers have the whole names of hosts"),
            (
                strange,
                "servers that are no host of the fleet:",
                f"add them to hosts of [fleet], or: set server {backend}/NAME state maint",
            ),
            (
                blind,
                "servers without a check, of which nobody would see that they are up:",
                f"add 'check' to their lines in backend {backend}",
            ),
        ):
            if names:
                raise Refused(f"backend {backend} has {said} {named(names, 8)}", hint=hint)


class ServerMove:
    """A server of HAProxy on its way out of service, or back."""

    def __init__(self, balancer: HaproxyBalancer, what: str, host: str) -> None:
        self.balancer, self.what, self.host = balancer, what, host
        self.problem = self.remark = ""
        self._until = time.monotonic() + balancer.fleet.timeout
        self._next, self._leaves, self._asked = 0.0, False, False

    def ended(self) -> int | None:
        """Return 0 once HAProxy says that it is so, 1 where it failed, None while it is at work."""
        now = time.monotonic()
        if now < self._next:
            return None
        self._next = now + PAUSE
        late = now > self._until
        try:
            server = self.balancer.found().get(self.host)
            if server is None:
                self.problem = f"{self.what}: no server of the backend is called {self.host}"
                return 1
            is_so = self._back(server) if self.what == "undrain" else self._out(server, late=late)
        except Refused as error:
            self.problem = f"{self.what}: {error.message}"
            return 1 if late or not isinstance(error, BalancerSilent) else None
        self.problem = ""
        if now > self._until and not is_so:
            seconds = self.balancer.fleet.timeout
            self.problem = f"{self.what}: {server.status} at HAProxy after {seconds:.0f} s"
        return 0 if is_so else 1 if self.problem else None

    def _back(self, server: BalancedServer) -> bool:
        """Return whether a server is back; have it ready once."""
        if not self._asked:
            self.balancer.api.set_state(server.name, "ready")
            self._asked = True
            return False
        return server.is_up

    def _out(self, server: BalancedServer, *, late: bool) -> bool:
        """Return whether a server is out; have it drained, then in maintenance."""
        if server.is_out:
            return True
        if not self._asked:
            self.balancer.api.set_state(server.name, "drain")
            self._asked = True
            return False
        if server.takes_users:
            return False
        if self.what == "out":  # a trial: whoever is there stays
            return True
        if not self._leaves and (late or not server.sessions):
            self.balancer.api.set_state(server.name, "maint")
            self._leaves, self._until = True, time.monotonic() + PATIENCE
            if server.sessions:
                self.remark = f"{server.sessions} sessions were still open after the time limit"
        return False

    def interrupt(self, _name: str = "SIGINT") -> None:
        """Wait for nobody's session any longer."""
        self._until = min(self._until, time.monotonic())
