"""Carries out the actions that change files, or undoes them, and dies before a given system call.

killed.py PLUGINS REPOSITORY HOME POINT WAY
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

sys.path[:0] = sys.argv[1:3]

from pathlib import Path  # noqa: E402

from pytest_rollback.agent.files import exchange  # noqa: E402
from tests.unit.recovery.site import FILES, Site  # noqa: E402

CALLS = (
    *("open", "rename", "link", "unlink", "fsync", "fdatasync", "write", "fchmod", "utime"),
    *("mkdir", "rmdir", "symlink", "ftruncate"),
)


def mortal(point: int) -> None:
    """Let this process die before its n-th system call that could change something."""
    seen = 0

    def counted(call: Callable[..., Any]) -> Callable[..., Any]:
        def before(*args: object, **more: object) -> object:
            nonlocal seen
            seen += 1
            if seen == point:
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*args, **more)

        return before

    exchange.exchange = counted(exchange.exchange)
    for name in CALLS:
        setattr(os, name, counted(getattr(os, name)))


def main() -> None:
    """Do it."""
    site = Site(Path(sys.argv[3]))
    mortal(int(sys.argv[4]))
    if sys.argv[5] == "undo":
        site.undo()
    else:
        for action in FILES:
            site.perform(action)


main()
