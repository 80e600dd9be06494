"""systemd, asked through systemctl: machine-readable properties, never a status text."""

from __future__ import annotations

import os
import time
from typing import Dict, FrozenSet, List, Mapping, Optional, Sequence, Tuple

from ..errors import HostError
from ..messages.services.units import GUARD, Reloaded, UnitState
from ..system.command import CommandResult, run, surroundings
from ..system.processes import Process, family, is_gone
from .manager import GuardFile, ServiceManager, StartGuard, UnitParts, UnitReport, marked
from .systemd_parts import (
    COMMAND,
    PARTS,
    contained,
    control_group,
    files_of,
    instances,
    is_within,
    kept_open,
    left,
    number,
    run_below,
    service_of,
    sockets_of,
    unhandled,
    written,
)

PROPERTIES = (
    "Id,LoadState,LoadError,ActiveState,SubState,UnitFileState,NRestarts,MainPID,"
    "ExecMainStartTimestampMonotonic,ActiveEnterTimestampMonotonic,NeedDaemonReload,Result,"
    "TasksCurrent,Job"
)
STARTED, ENTERED = "ExecMainStartTimestampMonotonic", "ActiveEnterTimestampMonotonic"
"""When the main process began; when a unit without one, such as active (exited), became active."""

ACTIVE = {
    "active": "active",
    "reloading": "active",
    "refreshing": "active",
    "inactive": "inactive",
    "maintenance": "inactive",
    "failed": "failed",
    "activating": "starting",
    "deactivating": "stopping",
}
ONE_CALL = 3.0
"""Seconds that one systemctl may take; each of them only asks or queues."""

KINDS = (".service", ".socket", ".target", ".timer", ".path", ".mount", ".slice", ".scope")
"""Endings of unit files; a name without one is that of a service."""

IN_USE = frozenset({"active", "activating", "reloading", "refreshing", "deactivating"})
RUNS = f"--state={','.join(sorted(IN_USE))}"
"""States in which a unit may have processes."""


class Systemd(ServiceManager):
    """systemd of this host. Its starts are prevented by a drop-in of each unit, with an assertion.

    A guarded unit fails to start, visibly.
    """

    name = "systemd"

    def __init__(self, socket: Optional[str] = None) -> None:
        self.socket = socket  # systemctl finds its own
        self.contained = contained()

    def states(self, units: Sequence[str]) -> Dict[str, UnitReport]:
        """Return how each unit is, with one call for all, and the health of its containers."""
        shown = self._shown(units, PROPERTIES)
        reports = {unit: report(unit, block) for unit, block in shown.items()}
        return self.contained.judged(reports, self._names(units)) if self.contained else reports

    def _names(self, units: Sequence[str]) -> Dict[str, str]:
        return {unit: self.file_name(unit) for unit in units}

    def parts(
        self, units: Sequence[str], directory: str, table: Mapping[int, Process]
    ) -> Dict[str, UnitParts]:
        """Return what each unit consists of: its control group, and the files of its settings."""
        shown = self._shown(units, PARTS)
        running = self._instances(units)
        listening = self._listening(
            [name for block in shown.values() for name in sockets_of(block)]
        )
        groups = {pid: control_group(pid) for pid in table}
        found = {}
        for unit, block in shown.items():
            group, main = block.get("ControlGroup", "").rstrip("/"), number(block.get("MainPID"))
            inside = {pid for pid, path in groups.items() if group and is_within(path, group)}
            files = files_of(block) or [os.path.join(directory, self.file_name(unit))]
            found[unit] = UnitParts(
                frozenset(inside or family(table, [main])),
                tuple(files),
                main,
                written(block.get("ExecMainStartTimestamp", "")),
                unhandled(block, bool(inside)),
                left(self.file_name(unit), running, map(self.file_name, units)),
                kept_open(block, listening),
            )
        return self.contained.parts(found, self._names(units), table) if self.contained else found

    def published(self, unit: str) -> FrozenSet[int]:
        """Return the published ports of the containers that a unit runs."""
        if self.contained is None:
            return frozenset()
        found: FrozenSet[int] = self.contained.ports(
            self.file_name(unit), self.state(unit).state.pid
        )
        return found

    def origins(self, units: Sequence[str]) -> FrozenSet[str]:
        """Return the whole names of these units."""
        return frozenset(map(self.file_name, units))

    def origin(self, pid: int) -> str:
        """Return the service in whose control group a process is."""
        return service_of(control_group(pid))

    def beside(self, units: Sequence[str], places: Tuple[str, ...]) -> List[str]:
        """Return which other services are in use and run something of a root, a line each."""
        known = self.origins(units)
        said = systemctl("show", f"--property={COMMAND}", "--", "*.service").out
        blocks = map(properties, said.strip("\n").split("\n\n"))
        return [
            f"{block['Id']} is {block['ActiveState']} and runs {what}: no component names it"
            for block in blocks
            if block.get("ActiveState") in IN_USE and block.get("Id") not in known
            for what in filter(None, [run_below(block, places)])
        ]

    def _listening(self, sockets: Sequence[str]) -> FrozenSet[str]:
        """Return which socket units listen now; no call where there are none."""
        shown = self._shown(sockets, "Id,ActiveState") if sockets else {}
        return frozenset(
            name for name, block in shown.items() if block.get("ActiveState") == "active"
        )

    def _instances(self, units: Sequence[str]) -> List[str]:
        """Return the instances of the units' templates that run; no call where they have none."""
        patterns = instances(map(self.file_name, units))
        if not patterns:
            return []
        said = systemctl("list-units", "--plain", "--no-legend", "--full", RUNS, "--", *patterns)
        return [line.split()[0] for line in said.out.split("\n") if line.strip()]

    def _shown(self, units: Sequence[str], wanted: str) -> Dict[str, Dict[str, str]]:
        """Return properties of each unit, with one call for all of them; times are in UTC."""
        outcome = systemctl("show", f"--property={wanted}", "--", *units)
        blocks = [properties(block) for block in outcome.out.strip("\n").split("\n\n")]
        if len(blocks) != len(units):
            raise HostError(
                f"systemctl showed {len(blocks)} of {len(units)} units",
                f"systemctl show {' '.join(units)}",
                "unreachable",
            )
        return dict(zip(units, blocks))

    def state(self, unit: str) -> UnitReport:
        """Return how one unit is."""
        return self.states([unit])[unit]

    def remains(self, now: UnitReport, before: UnitReport) -> bool:
        """Return whether processes of a unit that is called down are left, or its containers."""
        return bool(now.tasks or now.state.pid) or not all(is_gone(pid, 0) for pid in before.pids)

    def ask_stop(self, unit: str) -> None:
        """Queue the stop of a unit; a call that hangs is no error, the unit's deadline decides."""
        told(call("stop", "--no-block", "--", unit), "stop", late=True)

    def kill(self, unit: str, before: UnitReport) -> None:
        """Send SIGKILL to every process of a unit, and end its containers; none is fine."""
        del before
        call("kill", "--signal=KILL", "--", unit)
        if self.contained:
            self.contained.end(self.file_name(unit))

    def ask_start(self, unit: str) -> None:
        """Queue the start of a unit; earlier failures and starts are not counted any more."""
        call("reset-failed", "--", unit)
        systemctl("start", "--no-block", "--", unit)

    def reload(self) -> Reloaded:
        """Read the unit files again."""
        systemctl("daemon-reload", timeout=30.0)
        return Reloaded()

    def why(self, unit: str) -> Tuple[str, str]:
        """Return systemd's words about a unit that does not start, and where to read more."""
        said = call("status", "--no-pager", "--full", "--lines=10", "--", unit)
        words = said.out.strip() or said.words
        whole = f"\n{words}"[-1500:].partition("\n")[2]
        return " | ".join(whole.splitlines()), f"journalctl -u {unit} -n 50 --no-pager"

    @staticmethod
    def file_name(unit: str) -> str:
        """Return the name of a unit's file, such as `app.service`."""
        return unit if unit.endswith(KINDS) else f"{unit}.service"

    @staticmethod
    def guard(directory: str, units: Sequence[str], marker: str) -> StartGuard:
        """Return a drop-in for each unit, which asserts that the marker does not exist."""
        del directory
        text = (
            "# Written by rollback: a restore is unfinished, "
            "'rollback status' shows how to resume.\n"
            f"[Unit]\nAssertPathExists=!{marker.replace('%', '%%')}\n"
        )
        drop_in = f"{GUARD}{marked(marker)}.conf"
        names = [f"{Systemd.file_name(unit)}.d/{drop_in}" for unit in units]
        return StartGuard([GuardFile(name, text) for name in names], [])

    def read_guard(self) -> None:
        """Read the drop-ins."""
        self.reload()


def properties(block: str) -> Dict[str, str]:
    """Return the properties of one unit; one that has several lines, as files have, keeps them."""
    found: Dict[str, List[str]] = {}
    for line in filter(None, block.split("\n")):
        name, _, value = line.partition("=")
        found.setdefault(name, []).append(value)
    return {name: "\n".join(values) for name, values in found.items()}


def report(unit: str, found: Dict[str, str]) -> UnitReport:
    """Return one unit's properties in the words of all managers."""
    load, sub = found.get("LoadState", ""), found.get("SubState", "")
    now = "backoff" if sub == "auto-restart" else ACTIVE.get(found.get("ActiveState", ""), "failed")
    pid = number(found.get("MainPID"))
    state = UnitState(
        known=load not in ("not-found", ""),
        state=now,
        sub=sub,
        masked=load == "masked" or found.get("UnitFileState", "").startswith("masked"),
        restarts=number(found.get("NRestarts")),
        pid=pid,
        since=epoch(found.get(STARTED if pid else ENTERED)) if pid or now == "active" else None,
        needs_reload=found.get("NeedDaemonReload") == "yes",
        detail=detail(load, found),
    )
    return UnitReport(
        state,
        hopeless=now == "failed" or (now == "inactive" and found.get("Job") in ("0", "")),
        tasks=number(found.get("TasksCurrent")),
        unmask=f"systemctl unmask {unit}",
    )


def detail(load: str, found: Dict[str, str]) -> str:
    """Return what else systemd says: why a unit file does not load, or how the unit failed."""
    if load not in ("loaded", "masked"):
        return f"{load or 'no answer'} {found.get('LoadError', '')}".strip()
    result = found.get("Result", "")
    return "" if result == "success" else result


def epoch(microseconds: Optional[str]) -> Optional[float]:
    """Return when something happened, from the monotonic clock: it needs no time zone."""
    if not microseconds or not microseconds.isdigit() or microseconds == "0":
        return None
    ago = time.clock_gettime(time.CLOCK_MONOTONIC) - int(microseconds) / 1e6
    return time.time() - ago


def systemctl(*argv: str, timeout: float = ONE_CALL) -> CommandResult:
    """Run systemctl.

    Raises:
        HostError: it failed, is missing, or does not answer.
    """
    return told(call(*argv, timeout=timeout), *argv)


def told(outcome: CommandResult, *argv: str, late: bool = False) -> CommandResult:
    """Return how a systemctl ended, if that was well; `late` is well, too, where it may be.

    Raises:
        HostError: it was not.
    """
    if (late and outcome.timed_out) or (outcome.code == 0 and not outcome.timed_out):
        return outcome
    words = f"no answer in {int(outcome.seconds)} s" if outcome.timed_out else outcome.words
    raise HostError(
        f"systemctl {argv[0]} failed: {words}",
        f"systemctl {' '.join(argv)}",
        "unreachable" if argv[0] == "show" else "unfinished",
    )


def call(*argv: str, timeout: float = ONE_CALL) -> CommandResult:
    """Run systemctl and return how it ended, whatever that is."""
    return run(["systemctl", *argv], timeout, env={**surroundings(), "TZ": "UTC"})
