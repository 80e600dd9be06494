"""The containers that units of systemd run: their processes, their ports, and their health.

The engine is asked only where a unit has its program as a process. It is sent to the hosts of
systems whose releases are images, and to no other.
"""

from __future__ import annotations

import contextlib
from typing import Dict, FrozenSet, List, Mapping, NamedTuple, Sequence, Tuple

from ...errors import HostError
from ...system.containers import images, inside, unit_containers
from ...system.containers.container import EngineContainer
from ...system.containers.engine import Engine
from ...system.containers.unit_containers import UnitMembers
from ...system.processes import Process
from ..manager import UnitParts, UnitReport
from . import states
from .health import HealthCommands


class UnitOfContainers(NamedTuple):
    """The containers that a unit runs, and their engine."""

    engine: Engine
    containers: Tuple[EngineContainer, ...]


class ContainedUnits:
    """What the engine says of units that run containers; nothing of any other unit."""

    def __init__(self) -> None:
        self.health = HealthCommands()
        self.seen: Dict[str, UnitOfContainers] = {}

    def of(self, units: Mapping[str, UnitMembers]) -> Dict[str, UnitOfContainers]:
        """Return the units that run containers, or are about to; none where no engine answers.

        What a unit is then is what systemd says, and its release is looked at by who asks for it.
        """
        found: Dict[str, UnitOfContainers] = {}
        every: Dict[Engine, List[EngineContainer]] = {}
        for name, unit in units.items():
            engine = unit_containers.engine_of(unit.pids)
            if engine is None:
                continue
            with contextlib.suppress(HostError):
                if engine not in every:
                    every[engine] = images.all_containers(engine)
                mine = [each for each in unit_containers.of(unit, every[engine]) if each.runs]
                if mine or unit_containers.is_expected(unit):
                    found[name] = UnitOfContainers(engine, tuple(mine))
        return found

    def judged(
        self, reports: Mapping[str, UnitReport], names: Mapping[str, str]
    ) -> Dict[str, UnitReport]:
        """Return reports of units with the health of their containers, and their processes.

        Args:
            reports: what systemd says of each unit.
            names: the whole name of each unit.
        """
        mains = {names[unit]: each.state.pid for unit, each in reports.items()}
        runs = any(unit_containers.engine_of([pid]) for pid in mains.values() if pid)
        found = self.of(unit_containers.members(mains)) if runs else {}
        self.seen.update(found)
        return {
            unit: self._judged(each, found[names[unit]]) if names[unit] in found else each
            for unit, each in reports.items()
        }

    def _judged(self, report: UnitReport, unit: UnitOfContainers) -> UnitReport:
        """Return a unit that is up as soon as its containers are there, and healthy."""
        now = [self.health.of(unit.engine, each) for each in unit.containers]
        said = "; ".join(dict.fromkeys(filter(None, map(states.detail, now))))
        state, is_up = report.state, all(states.of(each) == "active" for each in now)
        if state.state == "active" and not (now and is_up):
            said = said if now else f"{unit.engine.name} has no container of it yet"
            state = state._replace(state="starting", detail=said or state.detail)
        return report._replace(state=state, pids=tuple(each.pid for each in now))

    def parts(
        self, units: Mapping[str, UnitParts], names: Mapping[str, str], table: Mapping[int, Process]
    ) -> Dict[str, UnitParts]:
        """Return what units consist of, with the processes and the ports of their containers."""
        members = {
            names[unit]: UnitMembers(names[unit], each.main, each.processes)
            for unit, each in units.items()
        }
        found = self.of(members)
        return {
            unit: _with(each, found[names[unit]].containers, table)
            if names[unit] in found
            else each
            for unit, each in units.items()
        }

    def ports(self, name: str, main: int) -> FrozenSet[int]:
        """Return the published ports of the containers of a unit, by its whole name."""
        found = self.of(unit_containers.members({name: main}))
        return frozenset(
            port.port for unit in found.values() for each in unit.containers for port in each.ports
        )

    def end(self, name: str) -> None:
        """Kill the containers of a unit as it was seen last, by its whole name.

        A signal to what is in the unit's control group reaches none that is in its own.
        """
        if name in self.seen and self.seen[name].containers:
            engine, containers = self.seen[name]
            engine.call("stop", "-t", "0", *(each.id for each in containers))


def _with(
    part: UnitParts, found: Sequence[EngineContainer], table: Mapping[int, Process]
) -> UnitParts:
    """Return a unit with what its containers add."""
    more = inside.members(table, [each.pid for each in found])
    ports = states.published(found, more)
    return part._replace(processes=part.processes | more, published=ports)
