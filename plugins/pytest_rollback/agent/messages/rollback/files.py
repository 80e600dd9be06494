"""Files that a rollback takes away: added by the deploy, stale bytecode, at last the backups."""

from typing import NamedTuple, Tuple

from ...protocol import Route
from ..location import Location, Selection


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


ADDED = Route("added.look", FilesRequest, AddedFiles)
REMOVE_ADDED = Route("added.remove", FilesRequest, Moved)
ARCHIVE_PLAN = Route("copies.look", FilesRequest, ArchivePlan)
ARCHIVE = Route("copies.close", FilesRequest, Archived)
BYTECODE = Route("caches.look", FilesRequest, StaleBytecode)
CLEAR_BYTECODE = Route("caches.clear", FilesRequest, Moved)
