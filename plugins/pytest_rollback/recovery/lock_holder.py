"""Who holds a host while it is changed: a process of this machine, or of another one."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from pytest_rollback.agent.system import processes


@dataclass(frozen=True)
class Holder:
    """Who holds the host while changes are made: the lease's words, for whoever comes second."""

    run: str
    by: str
    host: str
    pid: int
    pid_started: float
    boot: str
    space: str

    @classmethod
    def here(cls, run: str, by: str) -> Holder:
        """Return this process as the holder of a run."""
        at, pid = processes.here(), os.getpid()
        return cls(run, by, at.host, pid, processes.started(pid), at.boot, at.space)


def is_gone(holder: Sequence[object]) -> bool:
    """Tell whether a holder, as `runs.look` states it, was a process of here and is dead.

    That can be told by a process with the same name of the machine, boot and numbering of
    processes only: whatever else it may be, we cannot look at it.
    """
    *place, pid, since = holder
    at = processes.here()
    if not at.is_known or tuple(place) != at:
        return False
    return processes.is_gone(int(str(pid)), float(str(since)))
