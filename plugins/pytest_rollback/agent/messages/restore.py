"""Restoring recorded files, and what exchanged names leave to do: requests and answers."""

from typing import NamedTuple, Tuple

from ..protocol import Route
from .location import Location, Selection


class RestoreRequest(NamedTuple):
    """Which files are restored, and how.

    `part` is "files" or "configuration", "" for both. `without` are paths that are left alone.
    `way` is how names change hands: "rename", "exchange", or "" for what the host has room for.
    `digest` is that of the plan which is carried out, "" for a look.
    """

    location: Location
    selection: Selection
    part: str = ""
    without: Tuple[str, ...] = ()
    way: str = ""
    digest: str = ""


class RestorePlan(NamedTuple):
    """What a restore would do.

    `paths` are the files that are not as recorded, `bytes` their size in all. `git` are those of
    them whose backup cannot be used, and the recorded commit can. `digest` binds the plan to the
    very contents it was made from. `release` is the name of the one that comes back, "" where none
    is recorded.
    """

    paths: Tuple[str, ...]
    git: Tuple[str, ...]
    bytes: int
    digest: str
    release: str = ""


class Restored(NamedTuple):
    """How many files were restored."""

    number: int


class SharedRequest(NamedTuple):
    """Asks for backups that are the live files under a second name."""

    location: Location


class SharedBackups(NamedTuple):
    """The files whose backups share their bytes with the live file.

    `paths` are those that get bytes of their own; `left` are those for which there was no `room`.
    """

    paths: Tuple[str, ...]
    room: bool = True
    left: Tuple[str, ...] = ()


class BackupsSeparated(NamedTuple):
    """How many backups have bytes of their own now, and whether there was room for all."""

    number: int
    room: bool


RESTORE_PLAN = Route("restore.look", RestoreRequest, RestorePlan)
RESTORE = Route("restore.apply", RestoreRequest, Restored)
SHARED_BACKUPS = Route("shared.look", SharedRequest, SharedBackups)
SEPARATE_BACKUPS = Route("shared.part", SharedRequest, BackupsSeparated)
