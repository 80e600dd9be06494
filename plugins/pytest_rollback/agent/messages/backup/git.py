"""The comparison of two releases in their repository."""

import shlex
from typing import NamedTuple, Tuple

from ...protocol import Route
from ..location import as_owner


def by_hand(repository: str, words: str) -> str:
    """Return how git is called by hand in somebody's repository: as its owner, without a terminal.

    Git refuses one of another account, even to root, because its configuration names programs; an
    exception for the directory would have root run them. What they could send to a terminal is
    shown as `cat -v` shows it.
    """
    return f"{silent(repository, words)} 2>&1 | cat -v"


def silent(repository: str, words: str) -> str:
    """Return the same for a command whose output, bytes of a file, another one takes."""
    return f"{as_owner(repository)} git -C {shlex.quote(repository)} {words} </dev/null"


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
