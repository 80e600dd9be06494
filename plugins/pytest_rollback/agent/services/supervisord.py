"""supervisord, asked over its unix socket."""

from __future__ import annotations

import contextlib
import os
import signal
from typing import Any, Dict, FrozenSet, List, Mapping, Optional, Sequence, Set, Tuple
from xmlrpc.client import Fault

from ..errors import HostError
from ..messages.services.units import Reloaded
from ..system.command import signal_group
from ..system.processes import Process, environ, family, members
from .manager import GuardFile, ServiceManager, StartGuard, UnitParts, UnitReport, marked
from .supervisor_info import (
    ALL,
    LAST,
    Info,
    configured,
    left,
    members_of,
    named,
    names,
    override,
    report,
    reported,
    run_below,
)
from .supervisor_rpc import call, refused

DOWN = {"inactive", "failed"}
URL = "SUPERVISOR_SERVER_URL"
"""The variable that tells one supervisord from another to what it has started."""

BAD_NAME, NOT_RUNNING, ALREADY_STARTED, SPAWN_ERROR = 10, 70, 60, 50
LAST_WORDS, LAST_LINES = 1000, 8
"""Bytes of a log that are read, and of these the lines that are shown."""


class Supervisord(ServiceManager):
    """supervisord at a socket. It has no assertions: a guard is a file that is read last.

    That file keeps programs from being started when supervisord itself is.
    """

    name = "supervisord"

    def __init__(self, socket: Optional[str]) -> None:
        self.socket = socket or ""
        self.urls = {f"unix://{self.socket}"}

    def call(self, name: str, *arguments: Any) -> Any:  # noqa: ANN401 - XML-RPC
        """Ask supervisord: see `supervisor_rpc.call`."""
        return call(self.socket, name, *arguments)

    def states(self, units: Sequence[str]) -> Dict[str, UnitReport]:
        """Return how each unit is, and whether its configuration was read since it changed."""
        pending = self._pending(units)
        listed: List[Info] = self.call("getAllProcessInfo")
        return {unit: reported(unit, listed, pending) for unit in units}

    def parts(
        self, units: Sequence[str], directory: str, table: Mapping[int, Process]
    ) -> Dict[str, UnitParts]:
        """Return what each unit consists of: its process with all that descends from it."""
        listed: List[Info] = self.call("getAllProcessInfo")
        told: List[Info] = self.call("getAllConfigInfo")
        signals = {info["group"]: int(info.get("stopsignal", signal.SIGTERM)) for info in told}
        programs = configured(directory)
        found = {}
        for unit in units:
            mine = members_of(unit, listed)
            mains = tuple(info["pid"] for info in mine if info["pid"])
            files = dict.fromkeys(programs[name].file for name in named(unit, programs))
            found[unit] = UnitParts(
                frozenset(family(table, mains)),
                tuple(os.path.join(directory, name) for name in files),
                main=mine[0]["pid"] if mine else 0,
                since=float(mine[0]["start"]) if mine else 0.0,
                left=left(unit, listed, units),
                mains=mains,
                stopped_by=signals.get(unit.partition(":")[0], signal.SIGTERM),
            )
        return found

    def origins(self, units: Sequence[str]) -> FrozenSet[str]:
        """Return the names of the processes of these units, and the units themselves."""
        listed: List[Info] = self.call("getAllProcessInfo")
        self.urls |= {(environ(info["pid"]) or {}).get(URL, "") for info in listed if info["pid"]}
        mine = (info for unit in units for info in members_of(unit, listed))
        return frozenset({*units, *(names(info)[-1] for info in mine)} - {""})

    def origin(self, pid: int) -> str:
        """Return the program whose start left its name in the environment of a process."""
        found = environ(pid) or {}
        name, group = found.get("SUPERVISOR_PROCESS_NAME"), found.get("SUPERVISOR_GROUP_NAME")
        if not (name and group and found.get(URL) in self.urls - {""}):
            return ""
        return names({"name": name, "group": group})[-1]

    def beside(self, units: Sequence[str], places: Tuple[str, ...]) -> List[str]:
        """Return which other programs are in use and run something of a root, a line each."""
        listed: List[Info] = self.call("getAllProcessInfo")
        known = {id(info) for unit in units for info in members_of(unit, listed)}
        configured_: List[Info] = self.call("getAllConfigInfo")
        by_name = {names(info)[-1]: info for info in configured_}
        found = []
        for info in listed:
            name = names(info)[-1]
            now = report(info, name, frozenset()).state.state
            if id(info) in known or now in DOWN:
                continue
            what = run_below(by_name.get(name, {}), places)
            if what:
                found.append(f"{name} is {now} and runs {what}: no component names it")
        return found

    def _pending(self, units: Sequence[str]) -> FrozenSet[str]:
        """Return the groups that need a reload; all of them while the configuration is refused.

        Those that start by themselves do not: they are taken over at their start, see `ask_start`.
        """
        try:
            pending = self.changes()
        except HostError as problem:
            if problem.kind == "unreachable":
                raise
            return frozenset(unit.partition(":")[0] for unit in units)
        return pending - self._eager(pending) if pending else pending

    def _eager(self, groups: FrozenSet[str]) -> FrozenSet[str]:
        """Return which of the groups would be started by being taken over."""
        found = self.call("getAllConfigInfo")
        return frozenset(info["group"] for info in found if info["autostart"]) & groups

    def state(self, unit: str) -> UnitReport:
        """Return how one unit is; this does not read the configuration again."""
        if unit.endswith(ALL):
            return reported(unit, self.call("getAllProcessInfo"), frozenset())
        try:
            info = self.call("getProcessInfo", unit)
        except Fault as fault:
            if fault.faultCode != BAD_NAME:
                raise refused("getProcessInfo", unit, fault) from fault
            info = None
        return report(info, unit, frozenset())

    def changes(self) -> FrozenSet[str]:
        """Return the groups whose configuration differs from the one in use; touches no process."""
        try:
            ((added, changed, removed),) = self.call("reloadConfig")
        except Fault as fault:
            raise refused("reread", "", fault) from fault
        return frozenset((*added, *changed, *removed))

    def remains(self, now: UnitReport, before: UnitReport) -> bool:
        """Return whether children are left of a stopped process: it leads a group of its own."""
        del now
        return any(members(pid) for pid in before.pids)

    def ask_stop(self, unit: str) -> None:
        """Ask for the stop of a unit without waiting; one that does not run is fine."""
        self.tell("stopProcess", unit, NOT_RUNNING)

    def ask_start(self, unit: str) -> None:
        """Ask for the start of a unit without waiting; one that runs is fine.

        So is one that died before this was answered: supervisord tries again, and its state tells
        the rest. A group whose changed configuration would start it by itself is taken over now.
        """
        group = unit.partition(":")[0]
        with contextlib.suppress(
            HostError, Fault
        ):  # a refused configuration does not keep the old one down
            if group in self.changes():
                self._take_over(group, loaded=True)
        self.tell("startProcess", unit, ALREADY_STARTED, SPAWN_ERROR)

    def _take_over(self, group: str, *, loaded: bool) -> None:
        """Have a group, which must be stopped, run by its configuration as it is read now."""
        if loaded:
            self.call("removeProcessGroup", group)
        self.call("addProcessGroup", group)

    def tell(self, verb: str, unit: str, *fine: int) -> None:
        """Ask for a change without waiting for it; faults that are `fine` are none."""
        try:
            self.call(verb, unit, False)  # noqa: FBT003 - XML-RPC knows no keywords
        except Fault as fault:
            if fault.faultCode not in fine:
                raise refused(verb, unit, fault) from fault

    def kill(self, unit: str, before: UnitReport) -> None:
        """Send SIGKILL to the process group of a unit; through supervisord where it is not ours."""
        pids = self.state(unit).pids or before.pids
        if not [pid for pid in pids if not signal_group(pid, signal.SIGKILL)]:
            return
        try:
            self.call("signalProcess", unit, "KILL")
        except Fault as fault:
            if fault.faultCode != NOT_RUNNING:
                raise refused("signal", unit, fault) from fault

    def reload(self) -> Reloaded:
        """Read the configuration again and take over changed groups, which must be stopped.

        `waiting` are groups that taking over would start: that is left to their start.

        Raises:
            HostError: a changed group still runs, or the configuration is refused.
        """
        try:
            ((added, changed, removed),) = self.call("reloadConfig")
            self._refuse_running({*changed, *removed})
            waiting = self._eager(frozenset((*added, *changed)))
            for group in removed:
                self.call("removeProcessGroup", group)
            for group in (*added, *changed):
                if group not in waiting:
                    self._take_over(group, loaded=group in changed)
        except Fault as fault:
            raise refused("reread and update", "", fault) from fault
        return Reloaded(0.0, tuple(added), tuple(changed), tuple(removed), tuple(sorted(waiting)))

    def busy(self, units: Sequence[str]) -> Tuple[str, ...]:
        """Return the groups of others that run while their configuration changed."""
        try:
            ((_, changed, removed),) = self.call("reloadConfig")
        except Fault:  # a refused configuration is told by who reads it
            return ()
        own = {unit.partition(":")[0] for unit in units}
        return tuple(self._running({*changed, *removed} - own))

    def _running(self, groups: Set[str]) -> List[str]:
        listed: List[Info] = self.call("getAllProcessInfo") if groups else []
        return sorted({info["group"] for info in listed if info["group"] in groups and info["pid"]})

    def _refuse_running(self, groups: Set[str]) -> None:
        """Refuse to take over groups that still run: that would stop them."""
        for unit in self._running(groups):
            raise HostError(
                f"{unit} runs while its configuration changed",
                f"supervisorctl -s unix://{self.socket} stop {unit}",
            )

    def why(self, unit: str) -> Tuple[str, str]:
        """Return supervisord's words about a unit that does not start, and where to read more."""
        found = self.state(unit).state
        said = [f"{found.sub}: {found.detail}".strip(": ")]
        alone = not unit.endswith(ALL)
        error, output = [self._tail(unit, each) if alone else "" for each in ("Stderr", "Stdout")]
        stream = "" if output and not error else " stderr"  # there may be one log for both
        hint = f"supervisorctl -s unix://{self.socket} tail {unit}{stream}"
        return " | ".join(filter(None, (*said, error, output))), hint

    def _tail(self, unit: str, stream: str) -> str:
        """Return the last whole lines in one of a unit's logs; "" where it keeps no such log."""
        try:
            text = str(self.call(f"readProcess{stream}Log", unit, -LAST_WORDS, 0))
        except Fault:
            return ""
        lines = text.splitlines()
        whole = lines[1:] if len(text) == LAST_WORDS else lines
        return " | ".join(each.strip() for each in (whole or lines)[-LAST_LINES:]).strip(" |")

    @staticmethod
    def file_name(unit: str) -> str:
        """Return the name of a unit's file, such as `app.conf`."""
        return f"{unit.partition(':')[0]}.conf"

    @staticmethod
    def guard(directory: str, units: Sequence[str], marker: str) -> StartGuard:
        """Return files that turn off the automatic start of the programs of a directory."""
        programs = configured(directory)
        files: Dict[str, List[str]] = {}
        unguarded = [unit for unit in units if not named(unit, programs)]
        for program in dict.fromkeys(name for unit in units for name in named(unit, programs)):
            ending = os.path.splitext(programs[program].file)[1]
            files.setdefault(f"{LAST}{marked(marker)}{ending}", []).append(program)
        return StartGuard(
            [GuardFile(path, override(found)) for path, found in files.items()], unguarded
        )

    def read_guard(self) -> None:
        """Nothing: supervisord reads the files of the guard when it is started itself."""
