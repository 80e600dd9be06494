"""What a rollback of the recorded backup set needs of its host: rights, room, fallbacks."""

from typing import Dict, NamedTuple, Optional, Tuple

from ..protocol import Route
from .location import Location
from .system import Room

NO_DIRECTORY = "is no directory any more"
"""What is said where a release made a file of one."""


class RightsRequest(NamedTuple):
    """Places that a rollback writes to, beside the recorded files.

    `source` is where unit files lie below the root, `directory` where they are installed; both are
    None where unit files are no part of the system. `paths` are absolute.
    """

    location: Location
    source: Optional[str]
    directory: Optional[str]
    paths: Tuple[str, ...] = ()


class Rights(NamedTuple):
    """How many paths a rollback replaces, and for each that cannot be replaced, why."""

    paths: int
    denied: Dict[str, str]


class SpaceRequest(NamedTuple):
    """What a run keeps as evidence beside the recorded files.

    `configuration` is relative to the root; `logs`, and `paths` that are written, are absolute.
    """

    location: Location
    configuration: Tuple[str, ...]
    logs: Tuple[str, ...]
    paths: Tuple[str, ...] = ()


class Space(NamedTuple):
    """Need and room of each file system that a rollback writes to.

    `unread` is why each log cannot be read that is not there, is no file, or may not be opened.
    """

    rooms: Tuple[Room, ...]
    unread: Dict[str, str]


class FallbackRequest(NamedTuple):
    """Where files come from that no backup can give.

    `configuration` are the files of the configuration phase. `repository` holds the previous
    release, `defaults` is a directory below the root; each is None where none is described.
    """

    location: Location
    configuration: Tuple[str, ...]
    repository: Optional[str]
    defaults: Optional[str]


class RepositoryFallback(NamedTuple):
    """How many files the previous release's commit has to hold, and why it lacks some.

    `commit` is None where the record names none.
    """

    commit: Optional[str]
    files: int
    lacking: Dict[str, str]


class DefaultsFallback(NamedTuple):
    """How many configuration files need a default, and why some have none that can be read."""

    files: int
    lacking: Dict[str, str]


class Fallbacks(NamedTuple):
    """What each fallback lacks; None for one that is not described."""

    git: Optional[RepositoryFallback]
    defaults: Optional[DefaultsFallback]


RIGHTS = Route("needs.rights", RightsRequest, Rights)
SPACE = Route("needs.space", SpaceRequest, Space)
FALLBACK = Route("fallback.look", FallbackRequest, Fallbacks)
