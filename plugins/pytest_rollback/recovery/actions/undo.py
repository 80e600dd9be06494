"""Taking one run back: its units stopped, the failed release returned as it was, started again."""

from __future__ import annotations

from pytest_rollback.agent.messages.rollback.undo import UNDO, UNDO_PLAN, UndoPlan, UndoRequest
from pytest_rollback.agent.messages.services.units import START
from pytest_rollback.errors import Refused
from pytest_rollback.recovery.action import Action, AnyAction, Change, Scope
from pytest_rollback.recovery.actions.requests import PATIENT, location
from pytest_rollback.recovery.actions.services import (
    ISOLATE,
    MARGIN,
    States,
    states,
    unit_request,
)
from pytest_rollback.text.quantities import count
from pytest_rollback.transport.batch import Look, asked
from pytest_rollback.transport.call import Call

SECONDS = 420.0


def request(scope: Scope, run: str) -> UndoRequest:
    """Return what every request about the undo of a run states."""
    services, page = scope.system.services, scope.system.maintenance
    return UndoRequest(
        location=location(scope)._replace(run=run),
        manager=services.manager,
        socket=services.socket,
        check=tuple(page.check) if page else (),
        reload=tuple(page.reload) if page else (),
    )


def starts(scope: Scope, found: States) -> tuple[Change, ...]:
    """Return one start per unit that is down. Nobody expects the failed release to be healthy."""
    return tuple(
        Change(
            Call(START, unit_request(scope, component, component.start), component.start + MARGIN),
            f"start {component.unit}",
            f"it is {found[component.unit].state}",
        )
        for component in scope.components
        if found[component.unit].state != "active"
    )


START_FAILED = Action("start the failed release", "services", look=states, plan=starts)


def undoing(run: str) -> tuple[AnyAction, ...]:
    """Return the actions that take a run back, in their order."""

    def look(scope: Scope) -> Look[UndoPlan]:
        """Return what undo would bring back, and what prevents it."""
        return asked(Call(UNDO_PLAN, request(scope, run), PATIENT))

    def plan(scope: Scope, found: UndoPlan) -> tuple[Change, ...]:
        """Return the one change that takes all of it back.

        Raises:
            Refused: something was changed after the run.
        """
        if found.undone:
            return ()
        if found.conflicts:
            raise Refused(
                f"{count(len(found.conflicts), 'file')} changed after run {run}",
                findings=found.conflicts,
                hint="save these files elsewhere and put the run's versions back, or keep the run",
            )
        files = len(found.files) + len(found.moved) + len(found.units)
        why = f"run {run} is being undone"
        undo = Call(UNDO, request(scope, run), SECONDS)
        what = f"restore {count(files, 'file')} of the failed release"
        return (Change(undo, what, why, 1 + files / 1000),)

    return (ISOLATE, Action("undo", "files", look=look, plan=plan), START_FAILED)
