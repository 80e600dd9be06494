"""Files that both releases have alike: no backup holds them, and what is restored needs them."""

from typing import Dict, NamedTuple, Tuple

from ...protocol import Route
from ..location import Location, Selection


class UnitAccount(NamedTuple):
    """The account that a component's unit runs as, and the groups that its unit names besides."""

    user: str
    groups: Tuple[str, ...] = ()


class UnchangedRequest(NamedTuple):
    """Whose files are looked at, and as which account each component reads them, where known."""

    location: Location
    selection: Selection
    accounts: Dict[str, UnitAccount]


class OwnerUnchanged(NamedTuple):
    """Such files of one owner: how many were compared, and what is wrong with some, by path.

    `missing` are not there, `closed` may not be read by who needs them, and `differ` have other
    content than both commits. `apart` are not there either, in a root that holds only a part of
    the repository; `tight` may not be read by any unit, and none is known to need them. `other` is
    how many that differ have the content of another commit.
    """

    files: int
    missing: Dict[str, str]
    closed: Dict[str, str]
    differ: Dict[str, str]
    apart: Dict[str, str]
    tight: Dict[str, str]
    other: int


class Unchanged(NamedTuple):
    """What both commits have and the live tree not, by owner.

    `skipped` says how many files were not compared, or not whole, by the reason; `untried` why
    nobody's right to read was asked, "" where it was.
    """

    commit: str
    owners: Dict[str, OwnerUnchanged]
    skipped: Dict[str, int]
    untried: str = ""


UNCHANGED = Route("backups.unchanged", UnchangedRequest, Unchanged)
