"""What a service manager has to answer. `registry` names those there are; each is one module.

A new one is a module with a class that fulfils `ServiceManager`, and a line in `registry`. The
suite `tests/unit/agent/services/test_conformance.py` shows whether it behaves as the others.
"""

from __future__ import annotations

import os
from typing import (
    Dict,
    FrozenSet,
    List,
    Mapping,
    NamedTuple,
    Optional,
    Protocol,
    Sequence,
    Tuple,
)

from ..messages.services.units import Reloaded, UnitState
from ..system.processes import Process, family


class UnitReport(NamedTuple):
    """What a manager says of a unit.

    `state` is what travels. `hopeless` is true when the unit will not become active by itself.
    `tasks` is how many processes are left of it, where the manager counts them. `unmask` is the
    command that lets a masked unit be started. `pids` are its main processes, where it may have
    several.
    """

    state: UnitState
    hopeless: bool = False
    tasks: int = 0
    unmask: str = ""
    pids: Tuple[int, ...] = ()


class GuardFile(NamedTuple):
    """One file that keeps units from starting: its path below the directory, and its text."""

    path: str
    text: str


def marked(marker: str) -> str:
    """Return what tells the guard files of one state directory from those of another.

    Two systems may share a unit: each has a file of its own, and lifts no other.
    """
    return marker.replace("/", "-")[-150:]


class StartGuard(NamedTuple):
    """Files that keep units from starting, and the units for which there is no such file."""

    files: List[GuardFile]
    unguarded: List[str]


class UnitParts(NamedTuple):
    """What a unit consists of, as its manager says.

    `processes` are all that run of it. `files` are the absolute paths of what it was started by:
    its unit file, drop-ins and environment files. `main` is the process that the manager started
    last and `since` when that was, in seconds since the epoch by the clock as it was set then; 0
    where nobody tells. `unhandled` says why a rollback cannot stop, start or judge such a unit,
    `left` why stopping it leaves processes of its program, and `kept_open` why its port stays open.
    `mains` are the processes whose groups a stop signals, and `stopped_by` is that signal: nothing
    where a manager stops whatever is of a unit. `published` are ports of this host that its manager
    leads to the unit, each with those of its processes that listen behind it.
    """

    processes: FrozenSet[int]
    files: Tuple[str, ...] = ()
    main: int = 0
    since: float = 0.0
    unhandled: str = ""
    left: str = ""
    kept_open: str = ""
    mains: Tuple[int, ...] = ()
    stopped_by: int = 0
    published: Mapping[int, FrozenSet[int]] = {}


class ServiceManager(Protocol):
    """A service manager of this host. No method waits for a unit: each call takes seconds at most.

    Each raises HostError where the manager does not answer, or refuses. `name` is the one in the
    registry.
    """

    name: str

    def __init__(self, socket: Optional[str]) -> None:
        """Remember where the manager is reached: its socket, or the file of a project."""

    def states(self, units: Sequence[str]) -> Dict[str, UnitReport]:
        """Return how each unit is; one that the manager does not know has `known` false."""

    def state(self, unit: str) -> UnitReport:
        """Return how one unit is; asked again and again, it may leave out `needs_reload`."""

    def parts(
        self, units: Sequence[str], directory: str, table: Mapping[int, Process]
    ) -> Dict[str, UnitParts]:
        """Return what each unit consists of; one that the manager does not know has no part.

        This is what can be told by the main process alone, and by the name of the unit's file.

        Args:
            units: the units.
            directory: where the manager's unit files are.
            table: all processes, by number.
        """
        found = self.states(units)
        return {
            unit: UnitParts(
                frozenset(family(table, [found[unit].state.pid])),
                (os.path.join(directory, self.file_name(unit)),),
            )
            for unit in units
        }

    def published(self, unit: str) -> FrozenSet[int]:
        """Return the ports of this host that the manager leads to a unit."""
        del unit
        return frozenset()

    def origins(self, units: Sequence[str]) -> FrozenSet[str]:
        """Return how `origin` names what is of these units."""
        return frozenset(units)

    def origin(self, pid: int) -> str:
        """Return the unit that started a process or what it descends from, "" where none tells."""
        del pid
        return ""

    def beside(self, units: Sequence[str], places: Tuple[str, ...]) -> List[str]:
        """Return which other units are in use and run something of a root, a line each.

        Args:
            units: the units that are known.
            places: how what lies below the root may begin.
        """
        del units, places
        return []

    def ask_stop(self, unit: str) -> None:
        """Ask for the stop of a unit; one that is down is fine."""

    def ask_start(self, unit: str) -> None:
        """Ask for the start of a unit, whatever happened to it before; one that runs is fine."""

    def kill(self, unit: str, before: UnitReport) -> None:
        """Send SIGKILL to all processes of a unit, which was as `before`; one without is fine."""

    def remains(self, now: UnitReport, before: UnitReport) -> bool:
        """Return whether processes are left of a unit that is down `now` and was as `before`."""

    def reload(self) -> Reloaded:
        """Read the unit files again; starts and stops nothing, and leaves `seconds` at 0."""

    def busy(self, units: Sequence[str]) -> Tuple[str, ...]:
        """Return which others than some units would make `reload` refuse, because they run."""
        del units
        return ()

    def why(self, unit: str) -> Tuple[str, str]:
        """Return the manager's words about a unit that does not start, and where to read more."""

    def file_name(self, unit: str) -> str:
        """Return the name of a unit's file in the directory of unit files."""

    @staticmethod
    def guard(directory: str, units: Sequence[str], marker: str) -> StartGuard:
        """Return what keeps units from being started automatically as long as `marker` exists.

        Args:
            directory: where the manager's unit files are.
            units: the units to guard.
            marker: the path of a file that exists while no unit may start.
        """

    def read_guard(self) -> None:
        """Have files of the guard read that were written or removed, where that needs a request."""
