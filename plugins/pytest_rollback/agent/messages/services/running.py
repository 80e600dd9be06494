"""The processes of units: when they began, which ports they hold, and who else is of the system."""

from typing import Dict, NamedTuple, Optional, Tuple

from ...protocol import Route
from ..location import Location, Selection
from .units import ManagerAddress


class AskedPort(NamedTuple):
    """What a probe asks: its name, and the host and port of its address.

    `own` says that only the component's own unit may answer, and not another one of the system.
    """

    probe: str
    host: str
    port: int
    own: bool = True


class UnitOwner(NamedTuple):
    """A component's name, its unit, and the TCP ports on which that should listen.

    `files` are environment files of the unit: absolute, or below the root. `asked` is what the
    probes of the component ask.
    """

    name: str
    unit: str
    ports: Tuple[int, ...] = ()
    files: Tuple[str, ...] = ()
    asked: Tuple[AskedPort, ...] = ()


class RunningRequest(NamedTuple):
    """All units of a system: whoever is of its root and of none of them is a stranger.

    `selection` says which recorded files are whose, `directory` where the manager's unit files are.
    `data` are files that a rollback replaces, so that nobody else may have them open.
    """

    location: Location
    manager: ManagerAddress
    units: Tuple[UnitOwner, ...]
    selection: Selection
    directory: str
    data: Tuple[str, ...] = ()


class NamedProcess(NamedTuple):
    """One process: its number, its program and script, its working directory, and since when.

    `began` is in seconds since the epoch. `why` says what makes it one of the system.
    """

    pid: int
    command: str
    directory: str
    began: float
    why: str = ""

    def __str__(self) -> str:
        place = f" in {self.directory}" if self.directory else ""
        return f"pid {self.pid} ({self.command}){place}"


class ChangedFile(NamedTuple):
    """A file and when it was changed or put back last, in seconds since the epoch."""

    path: str
    changed: float


class PortHolders(NamedTuple):
    """Who listens on a port: how many processes of the unit, others, and sockets of nobody seen.

    `unread` is how many processes could not be asked for their sockets.
    """

    own: int
    others: Tuple[NamedProcess, ...] = ()
    hidden: int = 0
    unread: int = 0


class UnitProcesses(NamedTuple):
    """The processes of one unit.

    `number` is how many there are, `oldest` the one that began first, `youngest` the file of the
    unit that was put back or changed last, of the recorded ones and of those that started it.
    `stepped` are the seconds by which the clock was set since the start. `unhandled` says why a
    rollback cannot stop, start or judge such a unit, `left` why stopping it leaves processes of the
    same program, `outlives` why its own stop leaves some, and `kept_open` why its port stays open
    then. `answering` is who answers each of its probes that asks this host. `elsewhere` is another
    tree with recorded files in it, where nothing that the unit runs is of the root;
    `other_release` is what a process has of a release that no link names, "" where none has.
    `restored` is whether a rollback to what is recorded has started its main process.
    """

    number: int
    ports: Dict[str, PortHolders]
    oldest: Optional[NamedProcess] = None
    youngest: Optional[ChangedFile] = None
    stepped: float = 0.0
    unhandled: str = ""
    left: str = ""
    kept_open: str = ""
    outlives: str = ""
    answering: Dict[str, PortHolders] = {}  # noqa: RUF012 - nobody changes an answer
    elsewhere: str = ""
    other_release: str = ""
    restored: bool = False

    @property
    def stale(self) -> bool:
        """Whether a process began before a file that it was to be started from was put back."""
        oldest, youngest = self.oldest, self.youngest
        return bool(oldest and youngest and oldest.began + TICK < youngest.changed)


TICK = 0.03
"""Seconds by which a start may seem to be earlier: the kernel counts it in ticks of a clock."""


class Running(NamedTuple):
    """The processes of each unit, and of whom else it is the system.

    `strangers` are processes of the system's root that are of none of its units; `unread` is how
    many processes of the units' users could not be looked at. `now` is the host's clock, in
    seconds since the epoch. `unrecorded` is why no recorded file is known, "" where they are.
    `former` are processes that run what a unit runs, from a place that is gone. `beside` are units
    in use that run something of the root, and that nobody has asked for: a line each.
    """

    units: Dict[str, UnitProcesses]
    strangers: Tuple[NamedProcess, ...]
    unread: int
    now: float
    unrecorded: str = ""
    former: Tuple[NamedProcess, ...] = ()
    beside: Tuple[str, ...] = ()


RUNNING = Route("units.running", RunningRequest, Running)
