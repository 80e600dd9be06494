"""The database, where `[database] return = "migrate"`: its migrations are taken back."""

from __future__ import annotations

import shlex

from pytest_rollback.agent.database.previous.downgrade import messages
from pytest_rollback.agent.database.previous.downgrade.messages import (
    DowngradeRequest,
    DowngradeState,
)
from pytest_rollback.errors import Refused
from pytest_rollback.evidence.data_return import MIGRATE
from pytest_rollback.extras.database import decided
from pytest_rollback.extras.database.migrated import cost, fault, unproven
from pytest_rollback.extras.database.requests import access, downgrade_state
from pytest_rollback.recovery.action import Action, Change, Scope
from pytest_rollback.recovery.actions.requests import location, migrations
from pytest_rollback.transport.batch import Look, asked, without_asking
from pytest_rollback.transport.call import Call

GRACE = 120.0
"""Seconds that the change may take beside its commands."""

NO_UP = "no up in [database.migrate]: this cannot be undone, rollback undo would refuse it"


def live(scope: Scope) -> Look[DowngradeState | None]:
    """Find out where the live database is; None where a rollback migrates none."""
    database = decided.wanted(scope, "migrate")
    if database is None:
        return without_asking(None)
    call = downgrade_state(scope, database)
    return asked(Call(messages.LOOK, call.request, call.seconds))


def migrates(scope: Scope, found: DowngradeState | None) -> tuple[Change, ...]:
    """Return the one change that migrates the database back, unless it is where it has to be.

    Raises:
        Refused: the commands cannot be run, nobody has rehearsed them, or an interrupted run has
            left the database where nobody can tell how to go on.
    """
    database, commands = decided.wanted(scope, "migrate"), migrations(scope.system)
    if database is None or found is None or commands is None:
        return ()
    if found.is_there and not found.begun:
        return ()
    if found.stuck and not found.is_there:
        raise Refused(found.stuck, hint=found.way)
    problems = () if found.is_there else (*found.faults, *unproven(found, database.rehearsal))
    decided.refuse(f"the database {database.name} cannot be migrated back", problems)
    place, last = access(scope.system, database), found.last
    expected = last.after.digest if last and not fault(found) else ""
    request = DowngradeRequest(location(scope), place, commands, found.head.digest, expected)
    seconds = GRACE + (len(commands.down) + 1) * commands.timeout
    call = Call(messages.MIGRATE, request, seconds)
    if found.is_there:
        what = f"note that the database {database.name} is migrated back"
        return (Change(call, what, f"it is at {found.head.words}"),)
    words = "; ".join(map(shlex.join, commands.down))
    what = f"migrate the database {database.name} back by {words}"
    if not commands.up:
        what += f"; {NO_UP}"
    return (Change(call, what, why(found), estimate(found), cost(database.name, found)),)


def why(found: DowngradeState) -> str:
    """Return from which head to which, and how long that took when it was rehearsed."""
    last = found.last
    if last is None or fault(found):
        return f"it is at {found.head.words}: {found.needs}"
    seconds = sum(each.seconds for each in last.steps)
    return (
        f"it is at {found.head.words}, and the previous release needs {last.after.words}; "
        f"{seconds:.1f} s when it was rehearsed"
    )


def estimate(found: DowngradeState) -> float:
    """Return the seconds that the way back should take: those of the rehearsal."""
    return 2.0 + sum(each.seconds for each in found.last.steps) if found.last else 60.0


MIGRATE_DATABASE = Action(
    MIGRATE,
    "files",
    look=live,
    plan=migrates,
    spared=lambda scope: decided.spared(scope, "migrate"),
)
