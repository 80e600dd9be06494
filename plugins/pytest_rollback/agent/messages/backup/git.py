"""The comparison of two releases in their repository."""

from typing import NamedTuple, Tuple

from ...protocol import Route


class ReleasesRequest(NamedTuple):
    """Two commits of a repository on the host, and the root that they are deployed to."""

    repository: str
    root: str
    previous: str
    current: str


class ReleaseDiff(NamedTuple):
    """What lies between two commits, below the root; and the full ids of the commits.

    `files` are changed or removed, so each needs a backup; `added` are new.
    """

    files: Tuple[str, ...]
    added: Tuple[str, ...]
    previous: str
    current: str


COMPARE = Route("releases.compare", ReleasesRequest, ReleaseDiff)
