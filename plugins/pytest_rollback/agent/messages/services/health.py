"""Units and what their probes say: how healthy they are, and a start that waits for it."""

from typing import Dict, NamedTuple, Optional, Tuple

from ...protocol import Route
from ..location import ChangeTime, Location
from ..probes.sample import ProbeSpec
from .units import ManagerAddress, UnitPorts, UnitState


class HealthRequest(NamedTuple):
    """Units to ask the service manager about, and the health probe of each by its unit."""

    location: Location
    manager: ManagerAddress
    units: Tuple[UnitPorts, ...]
    probes: Dict[str, ProbeSpec]


class UnitHealth(NamedTuple):
    """How a unit is, for how many seconds it has been up, and what is wrong with its health.

    `stale` says which of its processes began before what was restored, "" where none did: somebody
    else has started it meanwhile.
    """

    state: UnitState
    uptime: float
    problem: Optional[str]
    stale: str = ""


class UnitsHealth(NamedTuple):
    """How healthy each unit is, by its name."""

    units: Dict[str, UnitHealth]


class HealthyStartRequest(NamedTuple):
    """One unit to start, and what shows that it is up.

    Its probe has to be answered within `timeout` seconds, and the unit has to stay up for `settle`
    more. `log` is where it writes: `journal`, or the paths of files; without any, it is where its
    files say, which are in `directory`. `ports` are those on which it listens, besides that of its
    probe.
    """

    location: Location
    manager: ManagerAddress
    unit: str
    timeout: float
    settle: float
    log: Tuple[str, ...]
    probe: ProbeSpec
    ports: Tuple[int, ...] = ()
    directory: str = ""


class StartTimes(NamedTuple):
    """The seconds until a unit was active, until it was healthy, and until it had settled."""

    active: float
    healthy: float
    seconds: float


class SettlingUnit(NamedTuple):
    """A unit that was started and is healthy: its logs, its probe, and its seconds to stay up."""

    unit: str
    log: Tuple[str, ...]
    probe: ProbeSpec
    settle: float
    ports: Tuple[int, ...] = ()


class SettleRequest(NamedTuple):
    """Units that settle together: all are watched for the longest of their times."""

    location: Location
    manager: ManagerAddress
    units: Tuple[SettlingUnit, ...]


HEALTH = Route("health.look", HealthRequest, UnitsHealth)
SETTLE = Route("health.settle", SettleRequest, ChangeTime)
START_HEALTHY = Route("health.start", HealthyStartRequest, StartTimes)
