"""Backups and added files that are left after a rollback, by component."""

from typing import Dict, NamedTuple, Tuple

from ...protocol import Route
from ..location import Location, Selection


class LeftoversRequest(NamedTuple):
    """Which owners' files are looked at; those of the configuration are told apart."""

    location: Location
    selection: Selection


class OwnerLeftovers(NamedTuple):
    """What is left of one owner's files.

    `files` is how many are recorded, `differ` says of each live file that is not as recorded how
    it differs; `copies` are the files whose backups are still there. `left` are files that the
    deploy added and that are still there, of `added` recorded ones. `touched` are files that are
    as recorded but for their time of change. `unread` are files that could not be read, and why:
    nothing is known of them.
    """

    files: int
    differ: Dict[str, str]
    copies: Tuple[str, ...]
    added: int
    left: Tuple[str, ...]
    touched: Tuple[str, ...] = ()
    unread: Tuple[str, ...] = ()


class Leftovers(NamedTuple):
    """What is left by owner, and of the configuration; `strays` are backups not recorded."""

    owners: Dict[str, OwnerLeftovers]
    configuration: OwnerLeftovers
    strays: Tuple[str, ...]

    @property
    def groups(self) -> Tuple[OwnerLeftovers, ...]:
        """All of it: that of each owner, and the configuration."""
        return (*self.owners.values(), self.configuration)


LEFTOVERS = Route("restored.look", LeftoversRequest, Leftovers)
