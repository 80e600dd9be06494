"""Units: how they are, and stopping, starting and reloading them."""

from typing import Dict, NamedTuple, Optional, Tuple

from ...protocol import Route
from ..location import ChangeTime, Location

GUARD = "00-rollback-guard"
"""Our own drop-in, which keeps a unit from being started while a restore is unfinished."""


class ManagerAddress(NamedTuple):
    """A service manager: its name in `services/registry.py`, and where it is reached.

    `socket` is the path of its socket, or of the compose file of a project; None for neither.
    """

    name: str
    socket: Optional[str] = None


class UnitPorts(NamedTuple):
    """A unit, and the TCP ports on which it should listen."""

    unit: str
    ports: Tuple[int, ...] = ()


class UnitsRequest(NamedTuple):
    """Units to ask the service manager about."""

    location: Location
    manager: ManagerAddress
    units: Tuple[UnitPorts, ...]


class UnitState(NamedTuple):
    """How a unit is, in the same words whichever manager has it.

    `known` is false where the manager has no such unit; that is no stopped unit. `state` is active,
    inactive, failed, starting, stopping or backoff (waiting to be started again), `sub` is the
    manager's own word. `restarts` counts automatic ones, where the manager does. `pid` is the main
    process, 0 where there is none, and `since` when it started, in seconds since the epoch.
    `needs_reload` is true where files of the unit changed since the manager read them. `listening`
    tells for each port that was asked about whether it is open. `detail` is what else the manager
    says: why the unit is not known, or how it failed.
    """

    known: bool
    state: str
    sub: str = ""
    masked: bool = False
    restarts: int = 0
    pid: int = 0
    since: Optional[float] = None
    needs_reload: bool = False
    detail: str = ""
    listening: Dict[str, bool] = {}  # noqa: RUF012 - never changed: see _replace


class UnitStates(NamedTuple):
    """How each unit is, by its name."""

    units: Dict[str, UnitState]


class UnitRequest(NamedTuple):
    """One unit to stop or to start, within so many seconds."""

    location: Location
    manager: ManagerAddress
    unit: str
    timeout: float


class UnitStopped(NamedTuple):
    """The seconds that a stop took, and whether the unit had to be killed."""

    seconds: float
    killed: bool


class ReloadRequest(NamedTuple):
    """The service manager that reads its unit files again."""

    location: Location
    manager: ManagerAddress


class Reloaded(NamedTuple):
    """What a manager says of a reload: which units it has new, changed and no longer.

    `waiting` are units that take over their changes when they are started. systemd names none.
    """

    seconds: float = 0.0
    added: Tuple[str, ...] = ()
    changed: Tuple[str, ...] = ()
    removed: Tuple[str, ...] = ()
    waiting: Tuple[str, ...] = ()


LOOK = Route("units.look", UnitsRequest, UnitStates)
STOP = Route("units.stop", UnitRequest, UnitStopped)
START = Route("units.start", UnitRequest, ChangeTime)
RELOAD = Route("units.reload", ReloadRequest, Reloaded)
