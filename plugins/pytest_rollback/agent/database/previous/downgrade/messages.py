"""A database that is migrated back: what is asked, and what came of it."""

from typing import NamedTuple, Optional, Tuple

from ....messages.location import Location
from ....messages.rollback.migrations import MigrationCommands, ReadFile
from ....protocol import Route
from ...messages import DatabaseAccess, DatabaseProblem, RowLoss
from ..messages import PreviousRequest, PreviousRun


class SchemaHead(NamedTuple):
    """Where a database is: by what its migration tools have applied, or by all that it has.

    `words` are for people. `ids` are the last ones that were applied, or the beginning of a
    fingerprint; `digest` tells two heads apart. `tool` is "" for a fingerprint.
    """

    words: str
    digest: str
    ids: Tuple[str, ...]
    tool: str


class ColumnLoss(NamedTuple):
    """A column that is gone, and in how many rows it had a value."""

    column: str
    values: int


class DowngradeStep(NamedTuple):
    """One command of a rehearsal: its words, the seconds that it took, and the head after it."""

    words: str
    seconds: float
    head: SchemaHead


class DowngradeRehearsal(NamedTuple):
    """How a database was migrated back on a copy.

    `when` is the time of its end, in seconds since 1970, `seconds` what all of it took. `record`
    is the digest of the backup set, `subject` the database, `commands` the digest of what was run;
    `server` is the major version. `before` and `after` are heads, `steps` each command up to the
    first that failed. `tables` have fewer rows than before, `columns` are gone; `gone` are other
    objects that are gone, by kind and name. `forward` are the seconds that `up` took to bring the
    head back, None where it was not run. `problems` are reasons why it is not good enough. `files`
    are what the commands read of the live release, as far as that is known.
    """

    when: float
    seconds: float
    record: str
    subject: str
    commands: str
    server: str
    before: SchemaHead
    after: SchemaHead
    steps: Tuple[DowngradeStep, ...]
    tables: Tuple[RowLoss, ...]
    columns: Tuple[ColumnLoss, ...]
    gone: Tuple[str, ...]
    forward: Optional[float]
    problems: Tuple[DatabaseProblem, ...]
    files: Tuple[ReadFile, ...] = ()


class DowngradeLookRequest(NamedTuple):
    """Where the live database is, and whether that is what the previous release needs."""

    location: Location
    database: DatabaseAccess
    commands: MigrationCommands


class DowngradeState(NamedTuple):
    """Where the live database is.

    `is_there` tells that the previous release needs no other head; `needs` what speaks against
    that, in words, and `is_known` whether that can be told without a rehearsal. `last` is the last
    rehearsal, and `record`, `subject`, `commands` and `files` are what it would be about today.
    `faults` are commands that could not be run. `begun` tells that this run has begun to migrate,
    and has not noted the end; `stuck` is why it cannot go on by itself, "" where it can.
    """

    head: SchemaHead
    is_there: bool
    is_known: bool
    needs: str
    last: Optional[DowngradeRehearsal]
    record: str
    subject: str
    commands: str
    faults: Tuple[DatabaseProblem, ...]
    begun: bool
    stuck: str
    way: str
    files: Tuple[ReadFile, ...] = ()


class DowngradeRequest(NamedTuple):
    """Migrate the live database back.

    `seen` is the digest of the head that was planned from, `expected` that of the head afterwards,
    "" where nobody has rehearsed it.
    """

    location: Location
    database: DatabaseAccess
    commands: MigrationCommands
    seen: str
    expected: str


class Downgraded(NamedTuple):
    """The heads before and after, and the seconds that it took."""

    before: SchemaHead
    after: SchemaHead
    seconds: float


class DowngradeTrialRequest(NamedTuple):
    """Rehearse the commands on a copy of the live database, with all its rows.

    `previous` asks to start the previous release on it afterwards; its `rows` are "" where it is
    not wanted.
    """

    commands: MigrationCommands
    previous: PreviousRequest


class DowngradeTrial(NamedTuple):
    """What came of a rehearsal; `run` is how the previous release ran there, None where not."""

    rehearsal: DowngradeRehearsal
    run: Optional[PreviousRun]


LOOK = Route("database.downgrade.look", DowngradeLookRequest, DowngradeState)
MIGRATE = Route("database.downgrade", DowngradeRequest, Downgraded)
REHEARSE = Route("database.downgrade.rehearse", DowngradeTrialRequest, DowngradeTrial)
