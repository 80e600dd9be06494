"""Room that is kept on the disk while there is some: a full one must not stop the journal."""

from __future__ import annotations

import errno
import os
from typing import Callable, TypeVar

from ..files.handles import FRESH

NAME = "reserve"
SIZE = 1 << 20
"""Bytes: thousands of entries of a journal, and the plan of some thousand files."""

FULL = {errno.ENOSPC, errno.EDQUOT}
Result = TypeVar("Result")


def keep(state: str) -> None:
    """Have the room kept in a state directory, where it is not; a disk that is full has none.

    Raises:
        OSError: the disk failed to flush it, and would fail with what follows.
    """
    path = os.path.join(state, NAME)
    try:
        opened = os.open(path, FRESH, 0o600)
    except OSError:
        return
    try:
        if _filled(opened):
            os.fsync(opened)
        else:
            give_up(state)
    except OSError as error:
        give_up(state)
        if error.errno not in FULL:
            raise
    finally:
        os.close(opened)


def _filled(opened: int) -> bool:
    try:
        os.posix_fallocate(opened, 0, SIZE)
    except OSError:
        return False
    return True


def give_up(state: str) -> bool:
    """Let the room go; tell whether there was any."""
    try:
        os.unlink(os.path.join(state, NAME))
    except OSError:
        return False
    return True


def spending(state: str, task: Callable[[], Result]) -> Result:
    """Return what a task returns; when the disk is full it is done again with the kept room."""
    try:
        return task()
    except OSError as error:
        if error.errno not in FULL or not give_up(state):
            raise
    return task()
