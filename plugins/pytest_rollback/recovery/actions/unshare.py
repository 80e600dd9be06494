"""Before anything starts: backups share no bytes with live files that may be written to."""

from __future__ import annotations

from pytest_rollback.agent.messages.restore import (
    SEPARATE_BACKUPS,
    SHARED_BACKUPS,
    SharedBackups,
    SharedRequest,
)
from pytest_rollback.recovery.action import Action, Change, Scope
from pytest_rollback.recovery.actions.requests import (
    PATIENT,
    copying_time,
    location,
    some,
)
from pytest_rollback.text.quantities import count
from pytest_rollback.transport.batch import Look, asked
from pytest_rollback.transport.call import Call


def shared(scope: Scope) -> Look[SharedBackups]:
    """Return the backups of this run that are the live files under a second name."""
    return asked(Call(SHARED_BACKUPS, SharedRequest(location(scope)), PATIENT))


def separates(scope: Scope, found: SharedBackups) -> tuple[Change, ...]:
    """Return the one change that gives them bytes of their own; where there is no room, none."""
    if not found.paths:
        return ()
    what = f"copy {count(len(found.paths), 'backup')} into separate files"
    why = f"same file as the live file: {some(found.paths)}"
    request = SharedRequest(location(scope))
    call = Call(SEPARATE_BACKUPS, request, scope.system.budgets.files)
    return (Change(call, what, why, copying_time(len(found.paths))),)


SEPARATE = Action("separate backups", "services", look=shared, plan=separates)
