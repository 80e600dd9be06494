"""The commands that take a host out of service and back, and say who serves; run where we run.

Promise: each of them ends within its time limit, with all that it has started. Where `serving` is
given, a host is out or back once that says so, whatever the other command has said.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from pytest_rollback.errors import Refused
from pytest_rollback.evidence.redaction import Redactor, of_environment
from pytest_rollback.evidence.run_folder import write_private
from pytest_rollback.extras.fleet.child import ChildProcess
from pytest_rollback.manifest.fleet import Fleet

PAUSE = 0.5
"""Seconds between two looks at who serves."""


class CommandBalancer:
    """A balancer that the commands of `[fleet]` reach.

    Args:
        fleet: has `drain`, `undrain` and `serving`.
        hosts: the names of all of its hosts.
    """

    def __init__(self, fleet: Fleet, hosts: Sequence[str]) -> None:
        self.fleet, self.hosts = fleet, hosts

    @property
    def tells(self) -> bool:
        """Whether there is a command that says who serves."""
        return bool(self.fleet.serving)

    @property
    def moves(self) -> bool:
        """Whether there are commands that take hosts out and bring them back."""
        return bool(self.fleet.drain)

    def move(self, what: str, host: str, folder: Path) -> BalancerCommand:
        """Run the command that takes a host out, or brings it back; see `Balancer`."""
        return BalancerCommand(self.fleet, what, host, folder)

    def serving(self) -> frozenset[str]:
        """Return the hosts that `serving` prints; see `Balancer`."""
        return served(self.fleet.serving, self.fleet.timeout)

    def out(self) -> Mapping[str, str]:
        """Return nobody: no command tells a host that was taken out from one that is down."""
        return {}

    def refuse_stale(self) -> None:
        """Refuse names of `serving` that no host has; see `Balancer`."""
        strange = sorted(self.serving() - {*self.hosts}) if self.tells else []
        if strange:
            raise Refused(
                f"serving names {', '.join(strange)}, and no host of the fleet is called so",
                hint="list every host in hosts of [fleet], and have serving print these names",
            )


class BalancerCommand(ChildProcess):
    """A command about one host, such as `drain`, that ends within so many seconds."""

    heeds = False
    remark = ""

    def __init__(self, fleet: Fleet, what: str, host: str, folder: Path) -> None:
        back = what == "undrain"
        words = fleet.undrain if back else fleet.drain
        self.problem, self.what, self.host = "", "undrain" if back else "drain", host
        self.back, self.fleet = back, fleet
        self._looked = 0.0
        super().__init__(filled(words, host), folder, f"{what}.txt")

    def ended(self) -> int | None:
        """Return its exit code; None while it is at work. One that is late is killed."""
        code = self.process.poll()
        if code is None and self.seconds > self.fleet.timeout:
            os.killpg(self.process.pid, signal.SIGKILL)
            code = self.process.wait()
        if code is None or (code == 0 and not self._is_so()):
            return None
        text = self.output.read_text("utf-8", "replace")
        write_private(self.output, Redactor(of_environment(os.environ)).text(text))
        if code:
            said = text.strip().splitlines()
            limit = self.fleet.timeout
            late = f"took longer than {limit:.0f} s" if self.seconds > limit else ""
            words = late or f"exit code {code}"
            self.problem = f"{self.what}: {words}{f', {said[-1]}' if said else ''}"
        return int(bool(self.problem))

    def _is_so(self) -> bool:
        """Return whether `serving` says the same, or time is up, which is a problem."""
        if not self.fleet.serving:
            return True
        now = time.monotonic()
        if now < self._looked + PAUSE:
            return False
        self._looked = now
        try:
            listed = self.host in served(self.fleet.serving, self.fleet.timeout)
        except Refused as error:
            self.problem = f"{self.what}: exit code 0, and {error.message}"
            return self.seconds > self.fleet.timeout
        self.problem = ""
        if listed != self.back:
            said = "does not list it" if self.back else "still lists it"
            self.problem = f"{self.what}: exit code 0, and serving {said}"
        return not self.problem or self.seconds > self.fleet.timeout


def filled(words: Sequence[str], host: str) -> list[str]:
    """Return a command with the name of a host in it."""
    return [each.replace("{host}", host) for each in words]


def served(words: Sequence[str], limit: float) -> frozenset[str]:
    """Return the names that the command `serving` prints.

    Raises:
        Refused: it failed, or took too long.
    """
    try:
        done = subprocess.run(
            [*words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=limit,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Refused(f"serving: {error}", hint="correct serving in [fleet]") from error
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise Refused(
            f"serving: exit code {done.returncode}, {said[-1] if said else 'it says nothing'}",
            hint="correct serving in [fleet]",
        )
    return frozenset(done.stdout.split())
