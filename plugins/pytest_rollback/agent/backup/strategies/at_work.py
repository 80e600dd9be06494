"""A command that changes a host may outlive who began it: it is waited for before the next one.

It has a locked file in the run's folder as its input, and with it everything that it has started.
Each command has its own: what one leaves behind on purpose, such as a daemon, is waited for by
nobody once its end was noted.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from typing import BinaryIO, Iterator, Sequence

from ...errors import HostError
from ...files.tree import Tree
from ...state.lock import ExclusiveRun

FLAGS = os.O_RDONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC

PAUSE = 0.1


def settled(work: ExclusiveRun, begins: Sequence[str], ends: Sequence[str], timeout: float) -> None:
    """Wait until the command that was begun last is over, where nobody has noted its end.

    Args:
        work: the run.
        begins: the events before a command, whose entries name its input.
        ends: the events after one.
        timeout: seconds that are waited.

    Raises:
        HostError: it does not end.
    """
    told = [each for each in work.journal.entries if each["event"] in (*begins, *ends)]
    if not told or told[-1]["event"] in ends:
        return
    name, until = str(told[-1]["input"]), time.monotonic() + timeout
    with _opened(work, name) as file:
        while not _locks(file):
            if time.monotonic() >= until:
                shows = f"fuser -v {os.path.join(work.folder, name)} on the host shows it"
                raise HostError(
                    "the command of an interrupted run is still at work",
                    f"{shows}; wait for it or end it, then run the same command again",
                )
            time.sleep(PAUSE)


@contextlib.contextmanager
def given(work: ExclusiveRun) -> Iterator[BinaryIO]:
    """Yield the input of a command: an empty file, locked as long as anything of it runs."""
    with _opened(work, named(work)) as file:
        _locks(file)
        yield file


def named(work: ExclusiveRun) -> str:
    """Return the name of the next command's input in the run's folder."""
    return f"command-{len(work.journal.entries) + 1}.input"


def _locks(file: BinaryIO) -> bool:
    """Lock a file; return False where somebody has it."""
    try:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _opened(work: ExclusiveRun, name: str) -> BinaryIO:
    """Return a file in the run's folder, open for reading; it is made where it is missing."""
    with Tree(work.folder) as tree:
        return os.fdopen(os.open(name, FLAGS, 0o600, dir_fd=tree.root), "rb")
