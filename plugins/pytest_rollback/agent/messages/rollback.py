"""The steps of a rollback around the recorded files: requests and answers."""

from typing import Dict, NamedTuple, Optional, Tuple

from ..protocol import Route
from .location import Done, Location, Selection
from .probes import ProbeSpec


class FilesRequest(NamedTuple):
    """Which files are meant; `without` are paths that are left alone."""

    location: Location
    selection: Selection
    without: Tuple[str, ...] = ()


class AddedFiles(NamedTuple):
    """Files that the deploy added and that are there, and empty directories it made for them."""

    paths: Tuple[str, ...]
    directories: Tuple[str, ...]


class Moved(NamedTuple):
    """How many files moved into the evidence, and how many empty directories were removed."""

    files: int
    directories: int


class ArchivePlan(NamedTuple):
    """What is left below the root of a rollback.

    `copies` are the recorded files whose backups are there, `preserved` failed versions that the
    run kept beside the live files, `differ` live files that are not as recorded, and `strays`
    backups that are not recorded.
    """

    copies: Tuple[str, ...]
    preserved: Tuple[str, ...]
    differ: Tuple[str, ...]
    strays: Tuple[str, ...]


class Archived(NamedTuple):
    """How many failed versions and backups moved into the evidence; `strays` were left alone."""

    failed: int
    saved: int
    strays: Tuple[str, ...]


class StaleBytecode(NamedTuple):
    """Bytecode files that are not those of their sources.

    `sourceless` are modules that are there as bytecode only: part of the release, and kept.
    `directories` are empty ones for bytecode that the deploy made.
    """

    stale: Tuple[str, ...]
    sourceless: Tuple[str, ...]
    directories: Tuple[str, ...]


class DefaultsRequest(NamedTuple):
    """Asks for broken configuration `files`; `defaults` is the directory of their defaults.

    `digest` is that of the plan which is carried out, "" for a look.
    """

    location: Location
    selection: Selection
    files: Tuple[str, ...]
    defaults: str
    digest: str = ""


class BrokenFile(NamedTuple):
    """A broken file, why it is, and lines of how its default differs from what is live."""

    path: str
    why: str
    diff: Tuple[str, ...]


class DefaultsPlan(NamedTuple):
    """Broken configuration files.

    `files` get their default, `instead` are all that have one, which a restore leaves alone;
    `lacking` says why others have none that can be read. `digest` binds the plan to the contents.
    """

    files: Tuple[BrokenFile, ...] = ()
    instead: Tuple[str, ...] = ()
    lacking: Dict[str, str] = {}  # noqa: RUF012 - never changed: it is frozen data
    digest: str = ""


class DefaultsUsed(NamedTuple):
    """The files that have their default now."""

    paths: Tuple[str, ...]


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


class PageRequest(NamedTuple):
    """The maintenance page: its path, its text, and what users should get, None to ask nobody.

    `check` and `reload` are commands of the edge, empty for none.
    """

    location: Location
    page: str
    text: str
    probe: Optional[ProbeSpec] = None
    check: Tuple[str, ...] = ()
    reload: Tuple[str, ...] = ()


class PageState(NamedTuple):
    """Whether the page exists, its `kind`, and its effect.

    `kind` is file, symlink, directory, other or absent.
    `ours` says that it has our text; `edge` what users get instead of what they should, None where
    that is right or nobody was asked; `reloaded` that this run reloaded the edge since it wrote.
    """

    exists: bool
    kind: str
    ours: bool
    edge: Optional[str]
    reloaded: bool


class LoggedComponent(NamedTuple):
    """A component: name, unit, where its log is ("journal" or a path), and its ports."""

    name: str
    unit: str
    log: str
    listens: Tuple[int, ...] = ()


class SnapshotRequest(NamedTuple):
    """What is copied before anything changes: configuration, unit files, logs, states, the commit.

    `directory` is where unit files are installed, None to copy none; `git` is a repository.
    """

    location: Location
    manager: str
    socket: Optional[str]
    configuration: Tuple[str, ...]
    directory: Optional[str]
    unit_files: Tuple[str, ...]
    components: Tuple[LoggedComponent, ...]
    git: Optional[str]


class SnapshotLook(NamedTuple):
    """Asks whether a run has its snapshot."""

    location: Location


class SnapshotState(NamedTuple):
    """Whether a run has its snapshot, and where it is or would be; "" without a run."""

    taken: bool
    path: str


class SnapshotTaken(NamedTuple):
    """Where the snapshot is, and how many files it has."""

    path: str
    files: int


class UndoRequest(NamedTuple):
    """Which run is undone.

    `manager`, "" for none, reads unit files again that came back; `check` and `reload` are the
    edge's commands, for the maintenance page.
    """

    location: Location
    manager: str = ""
    socket: Optional[str] = None
    check: Tuple[str, ...] = ()
    reload: Tuple[str, ...] = ()


class UndoPlan(NamedTuple):
    """What undo would do; `undone` tells whether it was done already.

    `files` come back to their failed versions, `moved` out of the evidence, `units` are unit files
    that are installed again, `page` is a maintenance page that is removed, `database` one that is
    swapped back. `conflicts` are changes made since then, for which it refuses.
    """

    undone: bool
    files: Tuple[str, ...]
    moved: Tuple[str, ...]
    units: Tuple[str, ...]
    page: Optional[str]
    database: Optional[str]
    conflicts: Tuple[str, ...]


class Undone(NamedTuple):
    """How many files are their failed versions again, and how many came out of the evidence."""

    files: int
    moved: int


class ExportRequest(NamedTuple):
    """Asks for what a run left: `since` and `until` (epoch seconds) are those of the logs.

    `secrets` are files below the root that are named and stay on the host.
    """

    location: Location
    components: Tuple[LoggedComponent, ...]
    secrets: Tuple[str, ...]
    since: float
    until: float


class Export(NamedTuple):
    """What a run left on its host.

    `journals` and `snapshot` are texts by file name, `logs` by component; `withheld` are names of
    secret files, `missing` says what could not be read and why.
    """

    journals: Dict[str, str]
    snapshot: Dict[str, str]
    logs: Dict[str, str]
    withheld: Tuple[str, ...]
    missing: Tuple[str, ...]


ADDED = Route("added.look", FilesRequest, AddedFiles)
REMOVE_ADDED = Route("added.remove", FilesRequest, Moved)
ARCHIVE_PLAN = Route("copies.look", FilesRequest, ArchivePlan)
ARCHIVE = Route("copies.close", FilesRequest, Archived)
BYTECODE = Route("caches.look", FilesRequest, StaleBytecode)
CLEAR_BYTECODE = Route("caches.clear", FilesRequest, Moved)
DEFAULTS_PLAN = Route("defaults.look", DefaultsRequest, DefaultsPlan)
USE_DEFAULTS = Route("defaults.apply", DefaultsRequest, DefaultsUsed)
GUARD = Route("guard.look", GuardRequest, GuardState)
GUARD_ON = Route("guard.on", GuardRequest, GuardState)
GUARD_OFF = Route("guard.off", GuardRequest, GuardState)
PAGE = Route("page.look", PageRequest, PageState)
PAGE_ON = Route("page.on", PageRequest, Done)
PAGE_OFF = Route("page.off", PageRequest, Done)
SNAPSHOT = Route("snapshot.look", SnapshotLook, SnapshotState)
TAKE_SNAPSHOT = Route("snapshot.take", SnapshotRequest, SnapshotTaken)
UNDO_PLAN = Route("restore.look_undo", UndoRequest, UndoPlan)
UNDO = Route("restore.undo", UndoRequest, Undone)
EXPORT = Route("exports.look", ExportRequest, Export)
