"""Which processes are a sandbox's, and ending exactly those."""

from __future__ import annotations

import contextlib
from typing import NamedTuple

import psutil  # type: ignore[import-untyped]  # it ships no types

MARK = "ROLLBACK_SANDBOX"
"""The environment variable that every process of a sandbox inherits: the sandbox's token."""

GRACE = 3.0


class Identity(NamedTuple):
    """One process, never another one that got its number later. `started` is epoch seconds."""

    pid: int
    started: float


def identity(pid: int | None = None) -> Identity:
    """Return who a process is; by default we ourselves."""
    process = psutil.Process(pid)
    return Identity(process.pid, process.create_time())


def alive(who: Identity) -> bool:
    """Return whether this very process still runs."""
    return _same(who) is not None


def _same(who: Identity) -> psutil.Process | None:
    """Return the process, or None if it ended, also if its number was given to another one."""
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(who.pid)
        same = abs(process.create_time() - who.started) < 1.0
        return process if same and process.status() != psutil.STATUS_ZOMBIE else None
    return None


def marked(token: str) -> list[psutil.Process]:
    """Return the processes that carry a sandbox's token, and their descendants."""
    found: dict[int, psutil.Process] = {}
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.environ().get(MARK) == token:
                family = [process, *process.children(recursive=True)]
                found.update({member.pid: member for member in family})
    return list(found.values())


def end(token: str, who: Identity | None = None) -> None:
    """End the processes of a sandbox, and the one that was recorded; kill what does not end."""
    mine = marked(token)
    recorded = _same(who) if who else None
    everyone = mine + ([recorded] if recorded else [])
    for stop in ("terminate", "kill"):
        for process in everyone:
            with contextlib.suppress(psutil.Error):
                getattr(process, stop)()
        _, everyone = psutil.wait_procs(everyone, timeout=GRACE)
