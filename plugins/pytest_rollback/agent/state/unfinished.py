"""Whether a rollback is under way on this host, or lies half done: nobody judges it meanwhile."""

from __future__ import annotations

from typing import Iterator

from ..errors import HostError
from ..messages.state.progress import RunProgress
from ..messages.state.runs import Idle, IdleRequest
from . import lease as leases
from . import progress
from .lease import Lease
from .runs import OPEN, record_of

SAVED = "save the state"
"""The step that changes nothing: a run that came no further is half of nothing."""


def look(request: IdleRequest) -> Idle:
    """Return that no rollback but the asker's own is under way, or half done.

    Raises:
        HostError: kind `held`, the holder of one is alive; kind `open`, one goes no further unless
            somebody resumes it. The hint of the latter has the command that resumes it.
    """
    others = [each for each in leases.every(request.state) if each.holder != request.holder]
    for each in others:
        if each.is_alive:
            raise each.held()
    for problem in half_done(request.state, others) if request.open_too else ():
        raise problem
    return Idle()


def half_done(state: str, others: list[Lease]) -> Iterator[HostError]:
    """Yield the errors for runs that somebody has to resume, the latest first."""
    record = record_of(state)
    for lease in reversed(others):
        told = progress.look(leases.folder(state, lease.run))
        by = f"by {lease.by} since {lease.since}, run {lease.run}"
        if told.undo == "begun":
            yield _open(f"a rollback is partly undone: begun {by}", f"rollback undo {lease.run}")
        elif lease.outcome in OPEN and is_mixed(told) and (lease.record == record or began(told)):
            next_ = f"; next step: {told.next}" if told.next else ""
            only = "".join(f" --component={name}" for name in lease.only)
            yield _open(f"a rollback is not finished: begun {by}{next_}", f"rollback now{only}")


def is_mixed(told: RunProgress) -> bool:
    """Return whether a run has changed the system; one whose journals are lost may have."""
    return bool(told.damage) or not told.heads or any(step.name != SAVED for step in told.steps)


def began(told: RunProgress) -> bool:
    """Return whether a run was broken off within a step; its backup set may be moved already."""
    return any(step.state == "begun" for step in told.steps)


def _open(message: str, command: str) -> HostError:
    return HostError(message, f"to resume it: {command}", "open")
