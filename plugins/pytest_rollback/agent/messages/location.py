"""Where a system lies on its host, who asks, and whose files are meant: part of many requests."""

import shlex
from typing import NamedTuple, Optional, Tuple


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
    """

    root: str
    state: str
    suffix: str
    run: str = ""
    holder: Optional[HolderProcess] = None


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
