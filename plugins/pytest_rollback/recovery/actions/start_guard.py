"""The start guard: up before the first file changes, lifted when every file is as recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from pytest_rollback.agent.messages.restore import RESTORE_PLAN, RestoreRequest
from pytest_rollback.agent.messages.rollback.files import ADDED, FilesRequest
from pytest_rollback.agent.messages.rollback.start_guard import GUARD, GuardRequest, GuardState
from pytest_rollback.agent.messages.rollback.start_guard import GUARD_OFF as OFF
from pytest_rollback.agent.messages.rollback.start_guard import GUARD_ON as ON
from pytest_rollback.agent.messages.services.units import (
    LOOK,
    UnitPorts,
    UnitsRequest,
    UnitState,
)
from pytest_rollback.manifest import requests
from pytest_rollback.recovery.action import Action, Change, Scope
from pytest_rollback.recovery.actions.packages import pending_packages
from pytest_rollback.recovery.actions.requests import PATIENT, location, selection, some
from pytest_rollback.recovery.actions.services import stops
from pytest_rollback.text.quantities import count
from pytest_rollback.transport.batch import Look, asked
from pytest_rollback.transport.call import Call

SECONDS = 60.0


@dataclass(frozen=True)
class Guarded:
    """The guard, and what is done behind it.

    Args:
        state: whether it is up, and what it cannot keep down.
        pending: files that are to be restored or moved.
        units: how the units are, which were stopped before it is put up.
    """

    state: GuardState
    pending: tuple[str, ...] = ()
    units: Mapping[str, UnitState] = field(default_factory=dict)


def request(scope: Scope) -> GuardRequest:
    """Return what a request about the guard states."""
    services = scope.system.services
    units = tuple(component.unit for component in scope.components)
    return GuardRequest(
        location(scope), services.manager, services.reached, services.directory, units
    )


def missing(scope: Scope) -> Look[Guarded]:
    """Return whether the guard is up, what is to be restored behind it, and how the units are.

    A timer, or whoever else starts units, may have done so since they were stopped.
    """
    where, files = location(scope), selection(scope)
    guard = Call(GUARD, request(scope), PATIENT)
    restore = Call(RESTORE_PLAN, RestoreRequest(where, files), PATIENT)
    added = Call(ADDED, FilesRequest(where, files), PATIENT)
    units = tuple(UnitPorts(component.unit) for component in scope.components)
    look = Call(LOOK, UnitsRequest(where, requests.manager(scope.system), units), PATIENT)
    answers = yield [guard, restore, added, look]
    packages = yield from pending_packages(scope)
    pending = (*packages, *answers.of(restore).paths, *answers.of(added).paths)
    return Guarded(answers.of(guard), pending, answers.of(look).units)


def raises(scope: Scope, found: Guarded) -> tuple[Change, ...]:
    """Return the change that puts the guard up, and stops what was started before it was.

    Nothing is left to do once it is up and no unit runs, or where there is nothing to restore.
    """
    if not found.pending:
        return ()
    again = stops(scope, found.units) if found.units else ()
    if found.state.on:
        return again
    what = f"block the start of {some([c.unit for c in scope.components])}"
    why = f"{count(len(found.pending), 'file')} to be restored or moved"
    if found.state.unguarded:
        why += f"; not configured in [services] directory: {some(found.state.unguarded)}"
    return (Change(Call(ON, request(scope), SECONDS), what, why), *again)


def isolated(_scope: Scope, found: Guarded) -> Guarded:
    """Return what is found once every unit was stopped."""
    return replace(found, units={})


def remaining(scope: Scope) -> Look[Guarded]:
    """Return whether any of the guard is there."""
    return Guarded((yield from asked(Call(GUARD, request(scope), PATIENT))))


def lifts(scope: Scope, found: Guarded) -> tuple[Change, ...]:
    """Return the change that lets the units start again, unless they may."""
    if not found.state.left:
        return ()
    what = f"allow the start of {some([c.unit for c in scope.components])}"
    return (Change(Call(OFF, request(scope), SECONDS), what, "all is restored"),)


def raised(_scope: Scope, found: Guarded) -> Guarded:
    """Return what is found once the guard was put up."""
    return replace(found, state=found.state._replace(left=True))


GUARD_ON = Action("set the start guard", "isolate", look=missing, plan=raises, assuming=isolated)
GUARD_OFF = Action(
    "remove the start guard", "services", look=remaining, plan=lifts, assuming=raised
)
