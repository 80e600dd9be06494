"""Taking one run back: its units stopped, the failed release returned as it was, started again."""

from __future__ import annotations

from typing import Any

from pytest_rollback.agent.messages.services import START
from pytest_rollback.errors import Refused
from pytest_rollback.recovery.action import Action, AnyAction, Change, Scope
from pytest_rollback.recovery.actions.requests import manager, place
from pytest_rollback.recovery.actions.services import (
    ISOLATE,
    MARGIN,
    States,
    states,
    unit_request,
)
from pytest_rollback.transport.batch import Look
from pytest_rollback.transport.batch import asked as asked_once
from pytest_rollback.transport.call import Call, legacy

SECONDS = 420.0


def question(scope: Scope, run: str) -> dict[str, Any]:
    """Return what every question about the undo of a run states."""
    about, page = scope.system.about, scope.system.maintenance
    return {
        **place(scope),
        **manager(scope.system),
        "state": about.state,
        "run": run,
        "check": list(page.check) if page else [],
        "reload": list(page.reload) if page else [],
    }


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

    def look(scope: Scope) -> Look[dict[str, Any]]:
        """Return what undo would bring back, and what stands in its way."""
        asked = question(scope, run)
        return asked_once(legacy("restore.look_undo", 120.0, **asked))

    def plan(scope: Scope, found: dict[str, Any]) -> tuple[Change, ...]:
        """Return the one change that takes all of it back.

        Raises:
            Refused: something was changed after the run.
        """
        if found["undone"]:
            return ()
        if found["conflicts"]:
            raise Refused(
                f"{len(found['conflicts'])} changes were made after run {run}",
                findings=found["conflicts"],
                hint="save these elsewhere and put back what the run left there, or keep the run",
            )
        count = len(found["files"]) + len(found["moved"]) + len(found["units"])
        why = f"run {run} is to be taken back"
        undo = legacy("restore.undo", SECONDS, **question(scope, run))
        what = f"bring {count} files of the failed release back"
        return (Change(undo, what, why, 1 + count / 1000),)

    return (ISOLATE, Action("undo", "files", look=look, plan=plan), START_FAILED)
