"""The failed release comes back."""

from typing import NamedTuple, Optional, Tuple

from ...protocol import Route
from ..backup.commands import CommandsRequest
from ..location import Location
from .migrations import MigrationCommands

RELEASE = "release.commands"
"""What stands for a release that commands brought back, where paths are left out."""


class UndoRequest(NamedTuple):
    """Which run is undone.

    `manager`, "" for none, reads unit files again that came back; `check` and `reload` are the
    edge's commands, for the maintenance page. `without` are paths that stay as they are. `release`
    are the commands of a release that has some, and `migrations` those of its database.
    """

    location: Location
    manager: str = ""
    socket: Optional[str] = None
    check: Tuple[str, ...] = ()
    reload: Tuple[str, ...] = ()
    without: Tuple[str, ...] = ()
    release: Optional[CommandsRequest] = None
    migrations: Optional[MigrationCommands] = None


class UndoPlan(NamedTuple):
    """What undo would do; `undone` tells whether it was done already.

    `files` come back to their failed versions, `moved` out of the evidence, `units` are unit files
    that are installed again, `page` is a maintenance page that is removed, `database` one that is
    swapped back. `conflicts` are changes made since then, for which it refuses; they are about
    `paths`, which it may leave out, and of which those that are `lost` cannot be brought back.
    `release` is the command that brings the failed release back. `since` are the seconds in which
    users have worked with a restored database, None where none was swapped in; it is `kept` under
    that name. `migrations` are the commands that migrate the database forward again.
    """

    undone: bool
    files: Tuple[str, ...]
    moved: Tuple[str, ...]
    units: Tuple[str, ...]
    page: Optional[str]
    database: Optional[str]
    conflicts: Tuple[str, ...]
    lost: Tuple[str, ...] = ()
    paths: Tuple[str, ...] = ()
    release: Tuple[str, ...] = ()
    since: Optional[float] = None
    kept: str = ""
    migrations: Tuple[str, ...] = ()


class Undone(NamedTuple):
    """How many files are their failed versions again, and how many came out of the evidence."""

    files: int
    moved: int


UNDO_PLAN = Route("restore.look_undo", UndoRequest, UndoPlan)
UNDO = Route("restore.undo", UndoRequest, Undone)
