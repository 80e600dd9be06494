"""Restores a database, or undoes it, and dies before a given step, whatever its engine.

Steps are the start of a command and the moment after it, each entry of a journal, and each change
of a name. dying.py PLUGINS ENGINE WAY POINT REQUEST
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import Any

sys.path.insert(0, sys.argv[1])

from pytest_rollback.agent import protocol, routes
from pytest_rollback.agent.database.messages import ENGINES, DatabaseRestoreRequest

left = int(sys.argv[4])
popen = subprocess.Popen


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


def counted(name: str) -> None:
    """Make each call of a function of `os` a step."""
    real: Any = getattr(os, name)

    def called(*words: object, **more: object) -> Any:  # noqa: ANN401 - whatever it returns
        step()
        return real(*words, **more)

    setattr(os, name, called)


subprocess.Popen = Counted  # type: ignore[misc]
for each in ("fdatasync", "rename", "link", "unlink"):
    counted(each)
request = protocol.decode(DatabaseRestoreRequest, json.loads(sys.argv[5]))
engine = ENGINES[sys.argv[2]]
if sys.argv[3] == "undo":
    routes.found(engine.undo.name)(request.location)  # type: ignore[arg-type]
else:
    routes.found(engine.restore.name)(request)  # type: ignore[arg-type]
