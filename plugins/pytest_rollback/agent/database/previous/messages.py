"""The previous release on the schema of today: what is asked, and what came of it."""

from typing import NamedTuple, Optional, Tuple

from ...messages.location import Location
from ...messages.probes.sample import ProbeSpec
from ...messages.trial import TrialRequest
from ...protocol import Route
from ..messages import DatabaseAccess, DatabaseProblem


class NamedProbe(NamedTuple):
    """A probe under its name in rollback.toml."""

    name: str
    probe: ProbeSpec


class PreviousComponent(NamedTuple):
    """A component that is started: what is asked of it, and the seconds until it has to answer."""

    name: str
    health: NamedProbe
    requests: Tuple[NamedProbe, ...]
    start: float


class PreviousRequest(NamedTuple):
    """Start the previous release on a copy of the live schema, and ask what users ask.

    `rows` is "schema" for none, "sample" for some of each table, "full" for all. `trial` says how
    its tree is staged and its components run; `components` are in the order of their start.
    `timeout` is in seconds, for all of it; `largest` how many bytes the live database may have.
    `migrated` are commands by which the copy is migrated back before, for none empty.
    """

    location: Location
    database: DatabaseAccess
    trial: TrialRequest
    components: Tuple[PreviousComponent, ...]
    rows: str
    scratch: str
    timeout: float
    largest: int
    migrated: Tuple[Tuple[str, ...], ...] = ()


class ReleaseRun(NamedTuple):
    """What became of one component: why it does not answer, "" where it does, and its last lines.

    `asked` are the probes that were answered as they should be, by name.
    """

    component: str
    problem: str
    asked: Tuple[str, ...]
    last: Tuple[str, ...]


class PreviousRun(NamedTuple):
    """How the previous release ran on a copy of the live schema.

    `when` is the time of its end, in seconds since 1970, `seconds` what it took. `rows` is what was
    copied, `head` the digest of the live schema, `record` that of the backup set, `subject` the
    database. `previous` and `current` are releases by name, `server` is the major version.
    `control` tells how the live release ran there, where all was not well; empty otherwise.
    `connections` are those that the previous release made to its database; `effects` what it did
    there that is no good, in words, and that the live one did not do. `asked` is the digest of what
    was asked of each component.
    """

    when: float
    seconds: float
    rows: str
    head: str
    record: str
    subject: str
    previous: str
    current: str
    server: str
    runs: Tuple[ReleaseRun, ...]
    control: Tuple[ReleaseRun, ...]
    gaps: Tuple[str, ...]
    connections: int
    effects: Tuple[str, ...]
    asked: str


class PreviousLookRequest(NamedTuple):
    """What is known of the previous release on the schema of today, asked what is asked today.

    `migrated` is as in `PreviousRequest`.
    """

    location: Location
    database: DatabaseAccess
    components: Tuple[PreviousComponent, ...]
    migrated: Tuple[Tuple[str, ...], ...] = ()


class PreviousState(NamedTuple):
    """The last run, None where there was none; and what it would be about now, as it has it."""

    last: Optional[PreviousRun]
    head: str
    record: str
    subject: str
    asked: str = ""
    problems: Tuple[DatabaseProblem, ...] = ()


PREVIOUS = Route("database.previous", PreviousRequest, PreviousRun)
PREVIOUS_STATE = Route("database.ran", PreviousLookRequest, PreviousState)
