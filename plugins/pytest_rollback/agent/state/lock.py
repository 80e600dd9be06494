"""The lock around every change on this host, and the journal of what a run changed."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from typing import Dict, Iterator, NamedTuple, Optional

from ..errors import HostError
from ..messages.location import Location
from . import directory as places
from . import lease as leases
from . import progress
from .journal import Journal

CHANGES = progress.CHANGES

PATIENCE = 20.0
"""Seconds to wait for the lock: what an interrupted run asked for last may still be under way."""

PAUSE = 0.05


class ExclusiveRun(NamedTuple):
    """A run at work: its folder, and the journal of its changes."""

    folder: str
    journal: Journal


@contextlib.contextmanager
def locked(state: str) -> Iterator[None]:
    """Hold the lock on the state directory, which is made when it is missing.

    The kernel frees it when we die; no child inherits it.

    Raises:
        HostError: kind `held`, somebody else keeps it.
    """
    directory = places.made(state)
    try:
        _take(directory, state, time.monotonic() + PATIENCE)
        yield
    finally:
        os.close(directory)


def _take(directory: int, state: str, until: float) -> None:
    while True:
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(directory, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        if time.monotonic() >= until:
            raise _held(state)
        time.sleep(PAUSE)


def _held(state: str) -> HostError:
    holders = [each for each in leases.every(state) if each.outcome is None]
    if holders:
        return holders[-1].held()
    return HostError(
        f"another process is working in {state}",
        f"wait for it; 'fuser -v {state}' on the host shows it",
        "held",
    )


@contextlib.contextmanager
def working(location: Location, *, back: bool = False) -> Iterator[ExclusiveRun]:
    """Hold the lock and yield the location's run, its folder made and its journal open.

    Raises:
        HostError: kind `held`, somebody else keeps the lock, or has taken the run over; or somebody
            began to undo it, and this is no step `back`; or it was begun below another root.
    """
    with locked(location.state):
        known = leases.read(location.state, location.run)
        if known:
            known.refuse(location.root, location.holder)
        home = leases.made(location.state, location.run)
        journal = opened(home, CHANGES)
        try:
            if progress.undoing(journal.entries) and not back:
                raise HostError(
                    "this run was undone", "run the same command again to start a new run"
                )
            yield ExclusiveRun(home, journal)
        finally:
            journal.close()


@contextlib.contextmanager
def noted(location: Location, event: str, **facts: object) -> Iterator[Dict[str, object]]:
    """Do something under the lock, written down before and after; outside a run just do it.

    What is yielded takes further facts, which are written down afterwards.
    """
    more: Dict[str, object] = {}
    if not (location.state and location.run):
        yield more
        return
    with working(location) as work:
        work.journal.add(event, **facts)
        yield more
        work.journal.add(f"{event} done", **{**facts, **more})


def opened(home: str, name: str) -> Journal:
    """Return a journal of a run, made and durable when it is missing."""
    path = os.path.join(home, name)
    fresh = not os.path.exists(path)
    journal = Journal(path, os.path.dirname(os.path.dirname(home)))
    if fresh:
        leases.settle(home)
    return journal


def folder_of(location: Location) -> Optional[str]:
    """Return the folder of the location's run, None if no run was begun."""
    return leases.folder(location.state, location.run) if location.run else None
