"""A compose project, by the container engine itself and the compose program that it came with.

A unit is a service of the project, with all of its containers. What runs is asked of the engine:
the state of each container, its first process, its health. A start makes the containers anew from
the compose file as it is then, as an engine takes an image and variables over at no other time;
volumes are left alone, nothing is pulled or built, and other services are not touched.
"""

from __future__ import annotations

import os
import subprocess
from typing import Dict, FrozenSet, List, Mapping, Optional, Sequence, Set, Tuple

from ...errors import HostError
from ...files import lookup
from ...messages.services.units import Reloaded, UnitState
from ...system.command import CommandResult
from ...system.command_lines import is_of
from ...system.containers import engine as engines
from ...system.containers import inside, logs
from ...system.containers import project as projects
from ...system.containers.container import EngineContainer
from ...system.processes import Process
from ..manager import ServiceManager, StartGuard, UnitParts, UnitReport
from . import states
from .health import HealthCommands

FILE = "compose.yaml"
BUSY, SLOW = ("starting", "stopping", "backoff"), 60.0


class Compose(ServiceManager):
    """A compose file, and the engine that has its containers.

    The guard has no files: an engine starts by itself only what it was not asked to stop.
    """

    name = "compose"

    def __init__(self, socket: Optional[str]) -> None:
        self.path = socket or ""
        self.known: Optional[projects.Project] = None
        self.defined: Optional[FrozenSet[str]] = None
        self.ids: Sequence[str] = ()
        self.health = HealthCommands()

    @property
    def project(self) -> projects.Project:
        """The project; its engine is looked for once."""
        if self.known is None:
            self.known = projects.of(self.path)
        return self.known

    def states(self, units: Sequence[str]) -> Dict[str, UnitReport]:
        """Return how each unit is: one that the file defines is known, with containers or not."""
        by = self._by_service(units)
        return {unit: self._report(unit, by.get(unit, [])) for unit in units}

    def state(self, unit: str) -> UnitReport:
        """Return how one unit is."""
        return self.states([unit])[unit]

    def _by_service(self, wanted: Sequence[str] = ()) -> Dict[str, List[EngineContainer]]:
        """Return the containers of each service.

        Those that are known are asked for directly, as long as none of them is gone and each of the
        services that are wanted has one.
        """
        known = self.ids
        found = projects.inspected(self.project.engine, known)
        lacking = {*wanted} - {each.service for each in found}
        if not known or not wanted or lacking or len(found) < len(known):
            self.ids = self.project.ids()
            found = projects.inspected(self.project.engine, self.ids)
        by: Dict[str, List[EngineContainer]] = {}
        for each in found:
            by.setdefault(each.service, []).append(each)
        return by

    def _report(self, unit: str, found: Sequence[EngineContainer]) -> UnitReport:
        """Return how a service is, by all of its containers."""
        if not found:
            why = self._undefined(unit)
            return UnitReport(UnitState(not why, "inactive", "no container", detail=why))
        found = [self.health.of(self.project.engine, each) for each in found]
        each = [states.of(one) for one in found]
        now = next((state for state in BUSY if state in each), each[0])
        if len(set(each)) > 1 and now not in BUSY:
            now = "starting" if "active" in each else "failed"
        first = found[0]
        state = UnitState(
            known=True,
            state=now,
            sub=first.health or first.status,
            restarts=sum(one.restarts for one in found),
            pid=first.pid if first.runs else 0,
            since=max(one.started for one in found) if now == "active" else None,
            detail="; ".join(dict.fromkeys(filter(None, map(states.detail, found)))),
        )
        again = any(one.policy in states.AGAIN for one in found)
        pids = tuple(one.pid for one in found if one.runs)
        return UnitReport(state, hopeless=now == "failed" and not again, pids=pids)

    def _undefined(self, unit: str) -> str:
        """Return why a service is not known, "" for one that the file defines."""
        if self.defined is None:
            try:
                self.defined = frozenset(self.project.services())
            except HostError as problem:
                if not lookup.kind(self.path):
                    raise HostError(
                        f"there is no compose file {self.path}",
                        "set [services] project to its path on the host",
                        "unreachable",
                    ) from problem
                return problem.message
        listed = ", ".join(sorted(self.defined)) or "no service"
        return "" if unit in self.defined else f"{self.path} has {listed}"

    def parts(
        self, units: Sequence[str], directory: str, table: Mapping[int, Process]
    ) -> Dict[str, UnitParts]:
        """Return what each unit consists of: the processes of its containers, and its files."""
        del directory
        by = self._by_service()
        found = {}
        for unit in units:
            mine = [each for each in by.get(unit, []) if each.runs]
            own = inside.members(table, [each.pid for each in mine])
            found[unit] = UnitParts(
                own,
                self.files(mine),
                main=mine[0].pid if mine else 0,
                since=mine[0].started if mine else 0.0,
                unhandled="; ".join(filter(None, map(self._unhandled, mine))),
                published=states.published(mine, own),
            )
        return found

    def published(self, unit: str) -> FrozenSet[int]:
        """Return the published ports of the containers of a unit."""
        return frozenset(p.port for each in self._by_service().get(unit, []) for p in each.ports)

    def files(self, found: Sequence[EngineContainer] = ()) -> Tuple[str, ...]:
        """Return the files that a service is made of: the project's, and what it reads beside."""
        home = os.path.dirname(self.path)
        named = (os.path.join(each.directory, name) for each in found for name in each.files)
        beside = (f"{home}/.env", f"{home}/compose.override.yaml")
        there = [path for path in beside if lookup.kind(path)]
        return tuple(dict.fromkeys([self.path, *map(os.path.realpath, named), *there]))

    def _unhandled(self, one: EngineContainer) -> str:
        """Return why a rollback cannot stop, start or judge a container."""
        if one.status == "paused":
            return f"{one.name} is paused: {self.project.engine.name} unpause {one.name}"
        if not self.project.engine.compose:
            return f"no compose program for {self.project.engine.name}: {engines.ENABLE}"
        return ""

    def beside(self, units: Sequence[str], places: Tuple[str, ...]) -> List[str]:
        """Return which other services of the project run with something of the root mounted."""
        found = []
        for service, mine in self._by_service().items():
            mounted = next(
                (p for one in mine if one.runs for p in one.mounts if _is(p, places)), ""
            )
            if service not in units and mounted:
                found.append(f"{service} runs with {mounted} mounted: no component names it")
        return found

    def ask_stop(self, unit: str) -> None:
        """Have the engine stop the containers, by their own signal and grace, without waiting."""
        up = [each.id for each in self._by_service().get(unit, []) if _is_up(each)]
        if up:
            self._begin("stop", *up)

    def _begin(self, *argv: str) -> None:
        """Begin a command of the engine that goes on without us; its deadline is the engine's."""
        subprocess.Popen(
            [self.project.engine.name, *argv],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=engines.environment(),
            start_new_session=True,
        )

    def ask_start(self, unit: str) -> None:
        """Make the containers of a unit anew from the compose file as it is now, and start them.

        Raises:
            HostError: another service that runs depends on it, or compose refuses; in its words.
        """
        engine, by = self.project.engine, self._by_service()
        old = by.get(unit, [])
        if any(each.runs for each in old):
            return
        self._remove(old, [each for mine in by.values() for each in mine])
        argv = ["up", "--detach", "--no-deps", "--no-build", "--pull", "never", unit]
        if engine.name == "podman":
            argv.insert(2, "--no-recreate")
        outcome, self.ids = self.project.compose(*argv, timeout=projects.START), ()
        if outcome.code or outcome.timed_out:
            words = f"no answer in {projects.START:.0f} s" if outcome.timed_out else _words(outcome)
            raise HostError(
                f"{unit} does not start: {words}", self.project.by_hand(*argv), "unfinished"
            )

    def _remove(self, old: Sequence[EngineContainer], every: Sequence[EngineContainer]) -> None:
        """Remove containers that are down, with those of other services that depend on them.

        Their volumes stay. podman removes none that another one names as needed.
        """
        gone: Set[str] = {each.id for each in old}
        more = list(old)
        while more:
            found = [each for each in every if each.id not in gone and gone & {*each.needs}]
            gone |= {each.id for each in found}
            more = found
        running = [each for each in every if each.id in gone and each.runs]
        if running:
            names = " ".join(each.name for each in running)
            raise HostError(
                f"{names} depends on it and runs",
                f"{self.project.engine.name} stop {names}; then the same command again",
            )
        for each in sorted(
            (one for one in every if one.id in gone), key=lambda one: -len(one.needs)
        ):
            self.project.engine.told("rm", each.id, timeout=SLOW)

    def kill(self, unit: str, before: UnitReport) -> None:
        """Send SIGKILL to all processes of a unit; its restart policy does not apply to that."""
        del before
        up = [each.id for each in self._by_service().get(unit, []) if _is_up(each)]
        if up:
            self._begin("stop", "-t", "0", *up)

    def remains(self, now: UnitReport, before: UnitReport) -> bool:
        """Return whether a process is left; the space of a container dies with its first one."""
        del before
        return bool(now.state.pid)

    def reload(self) -> Reloaded:
        """Nothing: each start reads the compose file."""
        return Reloaded()

    def why(self, unit: str) -> Tuple[str, str]:
        """Return what the engine says of a unit, and the end of its log."""
        found, engine = self._by_service().get(unit, []), self.project.engine
        if not found:
            return f"{unit} has no container", self.project.by_hand("up", "--detach", unit)
        first = found[0]
        said = [f"{first.status} {states.detail(first)}".strip(), *logs.last(engine, first)]
        return " | ".join(filter(None, said)), logs.by_hand(engine, first)

    def file_name(self, unit: str) -> str:
        """Return how the compose file is called; it defines all units."""
        del unit
        return os.path.basename(self.path) or FILE

    @staticmethod
    def guard(directory: str, units: Sequence[str], marker: str) -> StartGuard:
        """Return no file: an engine has none that would keep a service from starting."""
        del directory, marker
        return StartGuard([], list(units))

    def read_guard(self) -> None:
        """Nothing: there are no files of a guard."""


def _is_up(one: EngineContainer) -> bool:
    """Return whether a container runs, or its engine is about to start it again."""
    return one.runs or states.of(one) == "backoff"


def _is(path: str, places: Tuple[str, ...]) -> bool:
    return is_of(path, places) or is_of(f"{path}/", places)


def _words(outcome: CommandResult) -> str:
    """Return what compose said of a failure: the lines that tell of an error."""
    lines = [line.strip() for line in (outcome.err or outcome.out).splitlines() if line.strip()]
    wrong = [line for line in lines if "rror" in line and "systemd connection" not in line]
    return " | ".join((wrong or lines)[-3:])[-600:] or f"exit code {outcome.code}"
