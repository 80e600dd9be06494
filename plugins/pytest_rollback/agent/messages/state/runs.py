"""Runs: begun, noted, listed, ended."""

from typing import Dict, NamedTuple, Optional, Tuple

from ...protocol import Route
from ..location import ChangeTime, HolderProcess, Location
from .progress import RunProgress


class BeginRequest(NamedTuple):
    """Take the host for a run: `run` is its id, `by` a person, `only` the components' names.

    `gone` are holders that were seen to be dead where they ran: these hold nobody up. Below `root`,
    "" for nowhere, a run is looked for that the state directory has lost. `units` are those of the
    system, each with its manager: of what has this root or one of them only one run is begun.
    `within` are the places that the system is limited to, as in `Location`; each counts as a root.
    """

    state: str
    run: str
    by: str
    holder: HolderProcess
    target: str
    only: Tuple[str, ...] = ()
    gone: Tuple[HolderProcess, ...] = ()
    root: str = ""
    units: Tuple[str, ...] = ()
    within: Tuple[str, ...] = ()


class RunBegun(NamedTuple):
    """The id to journal under. If it is `adopted`, `since` and `by` say who began it and when.

    `changed` tells whether it has stopped or changed something since.
    """

    run: str
    adopted: bool
    since: str = ""
    by: str = ""
    changed: bool = False


class EndRequest(NamedTuple):
    """Let go of the host: the run ended as `outcome` says. `holder` is who ends it, if one does."""

    state: str
    run: str
    outcome: str
    holder: Optional[HolderProcess] = None


class RunEnded(NamedTuple):
    """The outcome that holds: one that was undone stays so."""

    outcome: str


class NoteRequest(NamedTuple):
    """Facts to write into the journal of a run: `what`, a word, and texts by name."""

    location: Location
    what: str
    facts: Dict[str, str]


class RunsRequest(NamedTuple):
    """Which runs are asked for: all of a state directory, or the one with the id `run`."""

    state: str
    run: str = ""


class RunState(NamedTuple):
    """One run: who began it, when it began and ended (ISO 8601, UTC), its scope and its progress.

    `state` is held (its holder is alive), open (the same command goes on with it) or over.
    `outcome` is None until it ends. `only` are the components' names, empty for everything.
    """

    id: str
    by: str
    when: str
    ended: Optional[str]
    outcome: Optional[str]
    state: str
    target: str
    only: Tuple[str, ...]
    holder: HolderProcess
    progress: RunProgress


class Runs(NamedTuple):
    """The runs that a host knows, in their order."""

    runs: Tuple[RunState, ...]


class IdleRequest(NamedTuple):
    """Whether anybody but the holder is at work; `open_too`: or has left a rollback half done.

    `root`, `units` and `within` as in `BeginRequest`: those of another state directory count as
    well. `gone` are holders that the asker knows to be dead, as in `BeginRequest`.
    """

    state: str
    holder: HolderProcess
    open_too: bool = True
    root: str = ""
    units: Tuple[str, ...] = ()
    within: Tuple[str, ...] = ()
    gone: Tuple[HolderProcess, ...] = ()


class Idle(NamedTuple):
    """Nobody is; all else is an error."""


BEGIN = Route("runs.begin", BeginRequest, RunBegun)
END = Route("runs.end", EndRequest, RunEnded)
NOTE = Route("runs.note", NoteRequest, ChangeTime)
RUNS = Route("runs.look", RunsRequest, Runs)
IDLE = Route("runs.idle", IdleRequest, Idle)
