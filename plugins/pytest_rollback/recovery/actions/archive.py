"""Last: backups and failed versions lie in the run's evidence, not beside the live files."""

from __future__ import annotations

from dataclasses import dataclass, replace

from pytest_rollback.agent.messages.rollback.files import (
    ARCHIVE,
    ARCHIVE_PLAN,
    ArchivePlan,
    FilesRequest,
)
from pytest_rollback.errors import Refused
from pytest_rollback.recovery.action import Action, Change, Scope
from pytest_rollback.recovery.actions.default_configuration import broken
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
class Leavings:
    """What is left below the root.

    Args:
        plan: what the host says is left.
        without: configuration files that have their defaults, and keep their backups.
    """

    plan: ArchivePlan
    without: tuple[str, ...] = ()


def left(scope: Scope) -> Look[Leavings]:
    """Return what is left below the root, and which live files are not as recorded."""
    without = (yield from broken(scope)).instead
    plan = yield from asked(Call(ARCHIVE_PLAN, request(scope, without), PATIENT))
    return Leavings(plan, without)


def request(scope: Scope, without: tuple[str, ...]) -> FilesRequest:
    """Return what a request about the backup set states."""
    return FilesRequest(location(scope), selection(scope), without)


def closes(scope: Scope, found: Leavings) -> tuple[Change, ...]:
    """Return the one change that moves all of it into the evidence.

    Raises:
        Refused: a live file is not as recorded; its backup is still needed.
    """
    plan = found.plan
    paths = (*plan.copies, *plan.preserved)
    if not paths:
        return ()
    if plan.differ:
        raise Refused(
            f"the backups are kept: {count(len(plan.differ), 'live file')} not as recorded",
            findings=plan.differ,
            hint="run the same command again: it restores these files first",
        )
    why = f"backups of {some(plan.copies)}" if plan.copies else "failed versions are left over"
    if plan.strays:
        why += f"; not recorded, not changed: {some(plan.strays)}"
    what = (
        f"move {count(len(plan.copies), 'backup')} and "
        f"{count(len(plan.preserved), 'failed version')} into the evidence"
    )
    call = Call(ARCHIVE, request(scope, found.without), scope.system.budgets.files)
    return (Change(call, what, why, copying_time(len(paths))),)


def recorded(_scope: Scope, found: Leavings) -> Leavings:
    """Return what is found once every file was restored."""
    return replace(found, plan=found.plan._replace(differ=()))


CLOSE = Action("close the backup set", "validate", look=left, plan=closes, assuming=recorded)
