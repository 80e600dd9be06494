"""The backup set: saved before a deploy, verified afterwards, compared with the repository."""

from typing import Dict, NamedTuple, Optional, Tuple

from ..protocol import Route
from .location import Location, Release, Selection


class SaveRequest(NamedTuple):
    """What a deploy is about to change, so that it is saved first.

    `files` are changed or removed by the deploy and are saved, `added` are created by it; both are
    relative to the root. `system` is its name, `user` the account that its units run as, `by` who
    asks. `replace` discards a backup set of other releases.
    """

    location: Location
    system: str
    user: str
    by: str
    previous: Release
    current: Release
    files: Tuple[str, ...]
    added: Tuple[str, ...]
    replace: bool = False


class ReplacedSet(NamedTuple):
    """The releases of a backup set that another one took the place of, by name."""

    previous: str
    current: str


class SaveResult(NamedTuple):
    """What was saved, or would be.

    `changed` tells whether anything was written. `saved` backups were made now, `kept` stood
    already, `retired` were removed with the replaced set; `files`, `bytes` and `added` count the
    whole set. `differ` are live files that are no longer as recorded. `record` is the path of the
    record and `sha256` its digest.
    """

    changed: bool
    saved: int
    kept: int
    retired: int
    files: int
    bytes: int
    added: int
    differ: Tuple[str, ...]
    record: str
    sha256: str
    replaced: Optional[ReplacedSet]


class BackupsRequest(NamedTuple):
    """Which backups are verified. `user` is the account of the units, "" where none is known."""

    location: Location
    selection: Selection
    user: str = ""


class BackupRecord(NamedTuple):
    """What the record of a backup set says of itself.

    `found` is False where there is none; `problems` tell why it cannot be used. `files` is the
    number of backups and `bytes` their size in all, `added` are the files that the deploy created.
    The releases are None where the record cannot be read.
    """

    found: bool
    problems: Tuple[str, ...] = ()
    previous: Optional[Release] = None
    current: Optional[Release] = None
    created: str = ""
    sha256: str = ""
    files: int = 0
    bytes: int = 0
    added: Tuple[str, ...] = ()


class BackupFault(NamedTuple):
    """What is wrong with one backup.

    `fault` is missing, irregular, empty, altered, identical, exposed or ownership.
    """

    path: str
    fault: str
    detail: str


class TightenedMode(NamedTuple):
    """A secret file that is restored for its owner alone, and was readable by others.

    `lost` tells whether the units' account could read it and cannot any more.
    """

    path: str
    detail: str
    lost: bool


class ComponentBackups(NamedTuple):
    """The backups of one component: their number, their size in bytes, their faults."""

    files: int
    bytes: int
    faults: Tuple[BackupFault, ...]
    tightened: Tuple[TightenedMode, ...]


class Backups(NamedTuple):
    """The record, and the backups by component; files of no component are those of `shared`.

    `orphans` are files named like a backup that no record knows. `undeclared` are files of the
    release diff that the record lacks; it says nothing unless `compared`: there was a diff.
    """

    record: BackupRecord
    components: Dict[str, ComponentBackups]
    orphans: Tuple[str, ...]
    undeclared: Tuple[str, ...]
    compared: bool


class ReleasesRequest(NamedTuple):
    """Two commits of a repository on the host, and the root that they are deployed to."""

    repository: str
    root: str
    previous: str
    current: str


class ReleaseDiff(NamedTuple):
    """What lies between two commits, below the root; and the full ids of the commits.

    `files` are changed or removed, so each needs a backup; `added` are new.
    """

    files: Tuple[str, ...]
    added: Tuple[str, ...]
    previous: str
    current: str


SAVE = Route("backups.save", SaveRequest, SaveResult)
FORESEE = Route("backups.foresee", SaveRequest, SaveResult)
BACKUPS = Route("backups.look", BackupsRequest, Backups)
HEADING = Route("backups.heading", Location, BackupRecord)
COMPARE = Route("releases.compare", ReleasesRequest, ReleaseDiff)
