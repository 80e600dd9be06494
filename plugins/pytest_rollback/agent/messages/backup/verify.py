"""The verification of backups: the record, and the faults of each backup."""

from typing import Dict, NamedTuple, Optional, Tuple

from ...protocol import Route
from ..location import Location, Release, Selection


class BackupsRequest(NamedTuple):
    """Which backups are verified. `user` is the account of the units, "" where none is known."""

    location: Location
    selection: Selection
    user: str = ""


class BackupRecord(NamedTuple):
    """The header of the record of a backup set.

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


BACKUPS = Route("backups.look", BackupsRequest, Backups)
HEADING = Route("backups.heading", Location, BackupRecord)
