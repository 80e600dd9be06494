"""No unit starts while a restore is unfinished."""

from typing import NamedTuple, Optional, Tuple

from ...protocol import Route
from ..location import Location


class GuardRequest(NamedTuple):
    """Which units must not start while a restore is unfinished, and where their files are."""

    location: Location
    manager: str
    socket: Optional[str]
    directory: str
    units: Tuple[str, ...]


class GuardState(NamedTuple):
    """Whether the guard is up for all units, and whether any of it is left.

    `unguarded` are units that nobody can keep from being started by their manager.
    """

    on: bool
    left: bool
    unguarded: Tuple[str, ...]


GUARD = Route("guard.look", GuardRequest, GuardState)
GUARD_ON = Route("guard.on", GuardRequest, GuardState)
GUARD_OFF = Route("guard.off", GuardRequest, GuardState)
