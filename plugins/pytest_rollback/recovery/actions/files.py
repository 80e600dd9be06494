"""Files: every live file equals its recorded backup, and added files are removed."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_rollback.agent.messages.restore import (
    RESTORE,
    RESTORE_PLAN,
    RestorePlan,
    RestoreRequest,
)
from pytest_rollback.agent.messages.rollback.files import ADDED, AddedFiles, FilesRequest
from pytest_rollback.agent.messages.rollback.files import REMOVE_ADDED as REMOVE
from pytest_rollback.recovery.action import Action, Change, Scope
from pytest_rollback.recovery.actions.requests import (
    PATIENT,
    copying_time,
    location,
    selection,
    some,
)
from pytest_rollback.text.quantities import count
from pytest_rollback.transport.batch import Look, asked
from pytest_rollback.transport.call import Call


@dataclass(frozen=True)
class Pending:
    """Files that are not as recorded.

    Args:
        request: the request that asked for them.
        plan: the host's plan of their restore.
    """

    request: RestoreRequest
    plan: RestorePlan


def pending_files(scope: Scope, part: str, without: tuple[str, ...] = ()) -> Look[Pending]:
    """Return the files of a part that are not as recorded, but for some."""
    request = RestoreRequest(location(scope), selection(scope), part, without)
    plan = yield from asked(Call(RESTORE_PLAN, request, PATIENT))
    return Pending(request, plan)


def pending(scope: Scope) -> Look[Pending]:
    """Return the files that are not as recorded."""
    return pending_files(scope, "files")


def restores(scope: Scope, found: Pending) -> tuple[Change, ...]:
    """Return one change for all files that differ; none when none differs."""
    return restore(scope, found, scope.system.budgets.files)


def restore(scope: Scope, found: Pending, seconds: float) -> tuple[Change, ...]:
    """Return the one change that restores a part of the record, unless it is as recorded."""
    plan, request = found.plan, found.request
    if not plan.paths:
        return ()
    noun = "configuration file" if request.part == "configuration" else "file"
    what = f"restore {count(len(plan.paths), noun)}"
    why = f"back to {plan.release}; " if plan.release else ""
    why += f"not as recorded: {some(plan.paths)}"
    if plan.git:
        what += f", {len(plan.git)} of them from git"
        why += f"; without a usable backup, taken from the recorded commit: {some(plan.git)}"
    request = request._replace(location=location(scope), digest=plan.digest)
    call = Call(RESTORE, request, seconds)
    return (Change(call, what, why, copying_time(len(plan.paths), plan.bytes)),)


def added(scope: Scope) -> Look[AddedFiles]:
    """Return the files that the deploy added and that are still there."""
    return asked(Call(ADDED, FilesRequest(location(scope), selection(scope)), PATIENT))


def removes(scope: Scope, found: AddedFiles) -> tuple[Change, ...]:
    """Return one change for all added files that are there; they move into the evidence.

    Empty directories that the deploy made for them go with it, also after a run that was killed.
    """
    if not (found.paths or found.directories):
        return ()
    what = f"move {count(len(found.paths), 'added file')} into the evidence"
    why = f"the deploy added {some(found.paths or found.directories)}"
    request = FilesRequest(location(scope), selection(scope))
    call = Call(REMOVE, request, scope.system.budgets.files)
    return (Change(call, what, why, copying_time(len(found.paths))),)


RESTORE_FILES = Action("restore files", "files", look=pending, plan=restores)
REMOVE_ADDED = Action("move added files away", "files", look=added, plan=removes)
