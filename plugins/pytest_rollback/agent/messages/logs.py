"""Logs: the errors that units wrote since they started."""

from typing import Dict, NamedTuple, Optional, Tuple

from ..protocol import Route
from .trial import UnitSources


class KnownNoise(NamedTuple):
    """A pattern of lines that look like errors and are none, its owner, and its last day (ISO)."""

    pattern: str
    owner: str
    until: str


class ComponentLog(NamedTuple):
    """The logs of a component: `journal`, or paths of files, and when its unit started.

    Without any, they are where the unit's files say.

    `since` is in seconds since the epoch, None for a unit that does not run; `pid` is its process,
    0 where it has none.
    """

    name: str
    unit: str
    logs: Tuple[str, ...]
    since: Optional[float]
    pid: int = 0


class LogsRequest(NamedTuple):
    """Logs to read, and what counts as an error in them.

    `errors` is a pattern. At most the last `window` seconds are read, and `timeout` seconds are
    taken for all logs. `state` is the directory that keeps where each log ended before its unit
    was started; "" where nothing was kept. `units` tells which manager has the units, and writes
    for them; None where that is not asked.
    """

    components: Tuple[ComponentLog, ...]
    errors: str
    noise: Tuple[KnownNoise, ...]
    window: float
    timeout: float
    state: str = ""
    units: Optional[UnitSources] = None


class LogReport(NamedTuple):
    """What the logs of one component say.

    `seen` is the seconds that were read, `lines` the lines of them, `noise` the known errors and
    `errors` the others; the first of these are the `findings`, a line each. `files` and `bytes` are
    what was read of log files, and `met` tells of each noise pattern whether an error matched it.
    `problem` is why nothing can be concluded, with its `hint`; both
    are "" otherwise. `unread` are files that the unit writes, and that are not read: no text, or
    out of reach.
    """

    log: str
    seen: float = 0.0
    lines: int = 0
    noise: int = 0
    errors: int = 0
    findings: Tuple[str, ...] = ()
    files: Tuple[str, ...] = ()
    bytes: int = 0
    problem: str = ""
    hint: str = ""
    met: Tuple[bool, ...] = ()
    unread: Tuple[str, ...] = ()


class LogReports(NamedTuple):
    """What each log says, by the name of its component."""

    components: Dict[str, LogReport]


LOOK = Route("logs.look", LogsRequest, LogReports)
