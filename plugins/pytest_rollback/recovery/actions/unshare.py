"""Before anything starts: saved copies share no bytes with live files that may be written to."""

from __future__ import annotations

from typing import Any

from pytest_rollback.recovery.action import Action, Change, Scope
from pytest_rollback.recovery.actions.requests import call, copying_time, counted, place, some
from pytest_rollback.transport.batch import Look
from pytest_rollback.transport.batch import asked as asked_once


def shared(scope: Scope) -> Look[dict[str, Any]]:
    """Return the saved copies of this run that are the live files under a second name."""
    return asked_once(call(scope, "shared.look", **place(scope)))


def parts(scope: Scope, found: dict[str, Any]) -> tuple[Change, ...]:
    """Return the one change that gives them bytes of their own; where there is no room, none."""
    paths = found["shared"]
    if not paths:
        return ()
    what = f"give {counted(len(paths), 'saved copy')} bytes of their own"
    why = f"names were exchanged: {some(paths)}"
    seconds = scope.system.budgets.files
    about = place(scope)
    return (
        Change(call(scope, "shared.part", seconds, **about), what, why, copying_time(len(paths))),
    )


SEPARATE = Action("separate saved copies", "services", look=shared, plan=parts)
