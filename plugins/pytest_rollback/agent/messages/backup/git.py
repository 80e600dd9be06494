"""The comparison of two releases in their repository."""

import shlex
from typing import NamedTuple, Tuple

from ...protocol import Route


def by_hand(repository: str) -> str:
    """Return how git is called by hand in somebody's repository: as its owner.

    Git refuses one of another account, even to root, because its configuration names programs; an
    exception for the directory would have root run them.
    """
    place = shlex.quote(repository)
    return f'runuser -u "$(stat -c %U {place})" -- git -C {place}'


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
