"""What is copied before anything changes."""

from typing import NamedTuple, Optional, Tuple

from ...protocol import Route
from ..location import Location


class LoggedComponent(NamedTuple):
    """A component: name, unit, its logs ("journal" or paths; none: as its files say), its ports."""

    name: str
    unit: str
    log: Tuple[str, ...]
    listens: Tuple[int, ...] = ()


class SnapshotRequest(NamedTuple):
    """What is copied before anything changes: configuration, unit files, logs, states, the commit.

    `directory` is where unit files are installed, None to copy none; `git` is a repository. Of
    files that are `secrets`, digests are kept.
    """

    location: Location
    manager: str
    socket: Optional[str]
    configuration: Tuple[str, ...]
    directory: Optional[str]
    unit_files: Tuple[str, ...]
    components: Tuple[LoggedComponent, ...]
    git: Optional[str]
    secrets: Tuple[str, ...] = ()


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


SNAPSHOT = Route("snapshot.look", SnapshotLook, SnapshotState)
TAKE_SNAPSHOT = Route("snapshot.take", SnapshotRequest, SnapshotTaken)
