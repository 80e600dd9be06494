"""Where a system lies on its host, who asks, and whose files are meant: part of many requests."""

import os
import shlex
from typing import Iterable, NamedTuple, Optional, Tuple


def as_owner(place: str) -> str:
    """Return what stands before a command that somebody types: it runs as the owner of a place.

    Root who writes below a directory of somebody else writes through links of his. `setsid` and
    whoever closes the streams keep his programs from typing into root's terminal.
    """
    return f'runuser -u "$(stat -c %U {shlex.quote(place)})" -- setsid -w'


class HolderProcess(NamedTuple):
    """The process that holds a run, and where it is.

    `host` is the machine's name, `boot` the id of this run of its kernel, `space` the one in which
    processes are numbered, each "" where it cannot be told; `pid_started` are clock ticks since
    boot.
    """

    host: str
    boot: str
    space: str
    pid: int
    pid_started: float


class Location(NamedTuple):
    """Where a system's files are, and where the tool keeps what it knows of them.

    `root` holds the files, `state` the backup set, runs and journals; both are absolute. A backup
    lies beside its file and has `suffix`. `run` is the id that changes are journaled under, "" as
    long as none was begun. `holder` is who asks for a change as the one that holds the run, None
    where nobody needs to hold it; he changes nothing once another one has gone on with it.

    `within` are the directories and files below the root that the system consists of, where it lies
    in several places; nothing else is looked through, or is of the system. Empty for all of it.
    """

    root: str
    state: str
    suffix: str
    run: str = ""
    holder: Optional[HolderProcess] = None
    within: Tuple[str, ...] = ()

    @property
    def places(self) -> Tuple[str, ...]:
        """Return where the system lies, absolute: the root, or what it is limited to."""
        return placed(self.root, self.within)


def placed(root: str, within: Iterable[str]) -> Tuple[str, ...]:
    """Return the absolute paths of places below a root; of none the root's own, "" for no root."""
    return tuple(os.path.join(root, each) for each in within) or (root,)


def is_below(path: str, places: Iterable[str]) -> bool:
    """Tell whether a path is one of these, or lies in one of them."""
    return any(path == place or path.startswith(f"{place.rstrip('/')}/") for place in places)


class ComponentFiles(NamedTuple):
    """A component's name, and the patterns of the files below the root that belong to it."""

    name: str
    patterns: Tuple[str, ...]


class Selection(NamedTuple):
    """Which files of the backup set are meant.

    `only` names components, and `shared`, whose files are rolled back; empty for everybody's.
    `configuration` are paths that are restored in the configuration phase, directories with all
    below. `git` is the repository that gives what no backup can. `secrets` are files with secrets.
    """

    components: Tuple[ComponentFiles, ...]
    only: Tuple[str, ...] = ()
    configuration: Tuple[str, ...] = ()
    git: Optional[str] = None
    secrets: Tuple[str, ...] = ()


class Release(NamedTuple):
    """One deployed version: its name and, where there is a repository, its commit."""

    name: str
    commit: Optional[str]


class ChangeTime(NamedTuple):
    """What a change answers that has nothing else to say: how many seconds it took."""

    seconds: float = 0.0
