"""Backup sets in the state directory: which there are, and the choice of one further back."""

from typing import NamedTuple, Tuple

from ...protocol import Route
from ..location import Location


class ChoiceRequest(NamedTuple):
    """The release that a rollback returns to, by its name.

    `parts` are the strategies that have to remember something of it beside files.
    """

    location: Location
    release: str
    parts: Tuple[str, ...] = ()


class SetHeading(NamedTuple):
    """One backup set: the releases that it lies between, when it was saved, and how much it has.

    `files` were changed or removed by the deploy, so many `bytes` in all; `added` were created.
    """

    previous: str
    current: str
    created: str
    files: int
    bytes: int
    added: int


class BackupSets(NamedTuple):
    """The sets that lead back from the live release one after the other, the latest first.

    `recorded` is the set that a rollback would use now; `kept` tells whether it lies in the state
    directory. `changed` tells whether another one was recorded before.
    """

    recorded: SetHeading
    kept: bool
    sets: Tuple[SetHeading, ...]
    changed: bool = False


SETS = Route("backups.sets", Location, BackupSets)
CHOOSE = Route("backups.choose", ChoiceRequest, BackupSets)
