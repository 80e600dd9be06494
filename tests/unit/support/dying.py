"""Restores the database, or undoes it, and dies before a given step: a command, or an entry.

dying.py PLUGINS WAY POINT REQUEST
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

sys.path.insert(0, sys.argv[1])

from pytest_rollback.agent import protocol
from pytest_rollback.agent.database.messages import DatabaseRestoreRequest
from pytest_rollback.agent.database.postgresql import restore, swap

left = int(sys.argv[3])
popen, fdatasync = subprocess.Popen, os.fdatasync


def step() -> None:
    """Count one step, and die before it when it is its turn."""
    global left  # noqa: PLW0603 - this script is one counter
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)


class Counted(popen):  # type: ignore[type-arg]
    """A command whose start is a step, and the moment after it another one."""

    def __init__(self, *words: object, **more: object) -> None:
        step()
        super().__init__(*words, **more)  # type: ignore[call-overload]
        step()


def durable(handle: int) -> None:
    """Write a journal's entry; before it is a step."""
    step()
    fdatasync(handle)


subprocess.Popen = Counted  # type: ignore[misc]
os.fdatasync = durable
request = protocol.decode(DatabaseRestoreRequest, json.loads(sys.argv[4]))
if sys.argv[2] == "undo":
    swap.undo(request.location)
else:
    restore.restore(request)
