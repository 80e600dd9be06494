"""Releases that are packages of Debian: requests and answers."""

from typing import NamedTuple, Tuple

from ...protocol import Route
from ..location import Location
from .strategies import PreviousParts, RecordedPart


class PackagesRequest(NamedTuple):
    """The packages that a deploy installs, by the names that dpkg has for them.

    `pool` is the directory in which their archives are kept, `sources` are directories in which
    they may lie. `dry` asks what would be recorded, and keeps nothing. `seconds` is how long dpkg
    may take to install them. `keep` is how many records back archives stay in the pool, 0 for all.
    """

    location: Location
    names: Tuple[str, ...]
    pool: str
    sources: Tuple[str, ...] = ()
    dry: bool = False
    seconds: float = 300.0
    keep: int = 0


class PackageStep(NamedTuple):
    """One package that is not as recorded: how it is now, how it is wanted, what differs."""

    name: str
    now: str
    wanted: str
    why: str


class PackagesPlan(NamedTuple):
    """What a rollback has to do to the packages.

    `steps` are those that are not as recorded, whose archives have so many `bytes`. `unread` is
    whether the service manager has yet to read the unit files that came back. `problems` forbid it,
    each with the way out in `hints`. `lost` are packages whose live version could not be brought
    back by an undo.
    """

    steps: Tuple[PackageStep, ...] = ()
    bytes: int = 0
    unread: bool = False
    problems: Tuple[str, ...] = ()
    hints: Tuple[str, ...] = ()
    lost: Tuple[str, ...] = ()


class PackagesReturned(NamedTuple):
    """The packages that were installed, each with its version."""

    packages: Tuple[str, ...]


PACKAGES_RECORD = Route("packages.record", PackagesRequest, RecordedPart)
PACKAGES_PREVIOUS = Route("packages.previous", PackagesRequest, PreviousParts)
PACKAGES_PLAN = Route("packages.look", PackagesRequest, PackagesPlan)
PACKAGES_RETURN = Route("packages.return", PackagesRequest, PackagesReturned)
