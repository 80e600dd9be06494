"""A service manager for tests alone: runit, asked through `sv`. It shows what one more takes."""

from __future__ import annotations

import time
from collections.abc import Sequence

from pytest_rollback.agent.errors import HostError
from pytest_rollback.agent.messages.services.units import Reloaded, UnitState
from pytest_rollback.agent.services.manager import (
    GuardFile,
    ServiceManager,
    StartGuard,
    UnitReport,
)
from pytest_rollback.agent.system.command import CommandResult, run

STATES = {"run": "active", "down": "inactive", "finish": "stopping", "fail": "failed"}


class Runit(ServiceManager):
    """runit: a folder for each unit, with a file `down` in one that must not start by itself."""

    name = "runit"

    def __init__(self, socket: str | None) -> None:
        self.socket = socket

    def states(self, units: Sequence[str]) -> dict[str, UnitReport]:
        """Return how each unit is."""
        return {unit: self.state(unit) for unit in units}

    def state(self, unit: str) -> UnitReport:
        """Return how a unit is, from words such as `run: web: (pid 12) 5s`."""
        outcome = sv("status", unit)
        if outcome.missing or outcome.timed_out:
            raise HostError("sv does not answer", f"sv status {unit}", "unreachable")
        word, _, rest = outcome.out.strip().partition(": ")
        if "unable to change" in rest:
            return UnitReport(UnitState(known=False, state="inactive", detail=outcome.out.strip()))
        state, pid = STATES.get(word, "failed"), 0
        if "(pid " in rest:
            pid = int(rest.partition("(pid ")[2].partition(")")[0])
        since = time.time() - float(rest.rpartition(" ")[2].rstrip("s")) if pid else None
        known = UnitState(known=True, state=state, sub=word, pid=pid, since=since)
        return UnitReport(known, hopeless=state in {"failed", "inactive"})

    def ask_stop(self, unit: str) -> None:
        """Ask for the stop."""
        sv("down", unit)

    def ask_start(self, unit: str) -> None:
        """Ask for the start, whatever happened before."""
        sv("up", unit)

    def kill(self, unit: str, before: UnitReport) -> None:
        """Kill it."""
        del before
        sv("kill", unit)

    def remains(self, now: UnitReport, before: UnitReport) -> bool:
        """Tell whether its process is left."""
        del before
        return bool(now.state.pid)

    def reload(self) -> Reloaded:
        """Nothing: runit reads what a unit runs at each of its starts."""
        return Reloaded()

    def why(self, unit: str) -> tuple[str, str]:
        """Return its words about a unit, and where to read more."""
        return sv("status", unit).out.strip(), f"tail /var/log/{unit}/current"

    @staticmethod
    def file_name(unit: str) -> str:
        """Return the name of what a unit runs."""
        return f"{unit}/run"

    @staticmethod
    def guard(directory: str, units: Sequence[str], marker: str) -> StartGuard:
        """Return a file `down` for each unit."""
        del directory, marker
        return StartGuard([GuardFile(f"{unit}/down", "") for unit in units], [])

    def read_guard(self) -> None:
        """Nothing: runit looks for the file when it is started."""


def sv(*words: str) -> CommandResult:
    """Run sv."""
    return run(["sv", *words], 3.0)
