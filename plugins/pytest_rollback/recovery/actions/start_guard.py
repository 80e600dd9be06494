"""The start guard: up before the first file changes, lifted when every file is as recorded."""

from __future__ import annotations

from typing import Any

from pytest_rollback.recovery.action import Action, Change, Scope
from pytest_rollback.recovery.actions.requests import call, manager, place, some
from pytest_rollback.transport.batch import Look
from pytest_rollback.transport.batch import asked as asked_once

SECONDS = 60.0


def asked(scope: Scope) -> dict[str, Any]:
    """Return what a question about the guard states."""
    return {
        **manager(scope.system),
        "directory": scope.system.services.directory,
        "units": [component.unit for component in scope.components],
    }


def missing(scope: Scope) -> Look[dict[str, Any]]:
    """Return whether the guard is up, and whether there is anything to restore behind it."""
    about = place(scope)
    guard = call(scope, "guard.look", **about, **asked(scope))
    files, added = call(scope, "restore.look", **about), call(scope, "added.look", **about)
    answers = yield [guard, files, added]
    pending = [*answers.of(files)["paths"], *answers.of(added)["paths"]]
    return {**answers.of(guard), "pending": pending}


def raises(scope: Scope, found: dict[str, Any]) -> tuple[Change, ...]:
    """Return the change that puts the guard up, unless it is, or there is nothing to restore."""
    if found["on"] or not found["pending"]:
        return ()
    what = f"keep {some([c.unit for c in scope.components])} from starting until all is restored"
    why = f"{len(found['pending'])} files are to be restored or moved"
    if found["unguarded"]:
        why += f"; not configured in [services] directory: {some(found['unguarded'])}"
    return (Change(call(scope, "guard.on", SECONDS, **asked(scope)), what, why),)


def remaining(scope: Scope) -> Look[dict[str, Any]]:
    """Return whether any of the guard is there."""
    return asked_once(call(scope, "guard.look", **asked(scope)))


def lifts(scope: Scope, found: dict[str, Any]) -> tuple[Change, ...]:
    """Return the change that lets the units start again, unless they may."""
    if not found["left"]:
        return ()
    what = f"let {some([c.unit for c in scope.components])} start again"
    return (Change(call(scope, "guard.off", SECONDS, **asked(scope)), what, "all is restored"),)


def raised(_scope: Scope, found: dict[str, Any]) -> dict[str, Any]:
    """Return what is found once the guard was put up."""
    return {**found, "left": True}


GUARD_ON = Action("guard the start", "isolate", look=missing, plan=raises)
GUARD_OFF = Action("lift the guard", "services", look=remaining, plan=lifts, assuming=raised)
