"""Unit files of a release and the installed ones: requests and answers."""

from typing import NamedTuple, Optional, Tuple

from ..protocol import Route
from .location import Location


class UnitFilesRequest(NamedTuple):
    """The units whose files are compared or installed.

    `source` is their directory below the root, `directory` where they are installed. `digest` is
    that of the plan which is carried out, "" for a look. `named` are the units of all components.
    """

    location: Location
    manager: str
    socket: Optional[str]
    source: str
    directory: str
    units: Tuple[str, ...]
    digest: str = ""
    named: Tuple[str, ...] = ()


class DifferingUnitFile(NamedTuple):
    """A unit, and the name of its file that is not installed as the release has it."""

    unit: str
    name: str


class SkippedUnitFile(NamedTuple):
    """The name of a unit file that differs and is left alone, and why."""

    name: str
    why: str


class OrphanUnitFile(NamedTuple):
    """A recorded unit file that a rollback neither installs nor takes away, by its name.

    `deploy` is what the deploy did: "added", "deleted" or "changed" it. The first two are told also
    of a component's own file: a unit that only one of the two releases has.
    """

    name: str
    deploy: str


class UnitFilesPlan(NamedTuple):
    """What is installed and not the release's.

    `reload` are units whose manager has not read their files since these changed; `digest` binds
    the plan to the very contents it was made from. `strays` are files that the manager uses for
    a unit, that are not the release's, and that changed after its backup set was saved; absolute.
    `busy` are units of others that run while their files changed, and keep a manager from a reload.
    `up` are the asked units that are not down. `orphans` are not installed as the previous release
    has them, and stay so.
    """

    differ: Tuple[DifferingUnitFile, ...] = ()
    skipped: Tuple[SkippedUnitFile, ...] = ()
    reload: Tuple[str, ...] = ()
    digest: str = ""
    strays: Tuple[str, ...] = ()
    busy: Tuple[str, ...] = ()
    up: Tuple[str, ...] = ()
    orphans: Tuple[OrphanUnitFile, ...] = ()


class UnitFilesInstalled(NamedTuple):
    """The names of the unit files that were installed, or taken away."""

    names: Tuple[str, ...]


UNIT_FILES = Route("unitfiles.look", UnitFilesRequest, UnitFilesPlan)
INSTALL_UNIT_FILES = Route("unitfiles.install", UnitFilesRequest, UnitFilesInstalled)
