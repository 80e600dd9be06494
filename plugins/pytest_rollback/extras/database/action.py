"""The database, where `[database] return = "restore"`: that of the dump is made the live one."""

from __future__ import annotations

import time

from pytest_rollback.agent.database.messages import (
    DatabaseRequest,
    DatabaseRestoreRequest,
    DatabaseState,
)
from pytest_rollback.extras.database import decided
from pytest_rollback.extras.database.rehearsed import cost, unproven
from pytest_rollback.extras.database.requests import SHARE, access, routes
from pytest_rollback.manifest.model import Database
from pytest_rollback.recovery.action import Action, Change, Scope
from pytest_rollback.recovery.actions.requests import location
from pytest_rollback.transport.batch import Look, asked, without_asking
from pytest_rollback.transport.call import Call

GRACE = 60.0
"""Seconds that a look may take beside reading the dump."""

BYTES_A_SECOND = 8e6


def wanted(scope: Scope) -> Database | None:
    """Return the database that a rollback restores; one of some components restores none."""
    return decided.wanted(scope, "restore")


def stays(scope: Scope) -> str:
    """Return that the database is kept as it is, where its description says so."""
    described = scope.system.database
    if described is None or described.return_ != "keep":
        return ""
    return (
        f"the database {described.name} stays as it is (return = 'keep'), with the schema that the "
        "live release gave it; readiness.database.schema says whether the previous one knows it"
    )


def live(scope: Scope) -> Look[DatabaseState | None]:
    """Find out whether the live database is that of the dump, and problems that prevent a restore.

    Finds None where a rollback restores no database.
    """
    database = wanted(scope)
    if database is None:
        return without_asking(None)
    seconds = scope.system.about.rto * SHARE
    request = DatabaseRequest(location(scope), access(scope.system, database), seconds)
    return asked(Call(routes(database).look, request, seconds + GRACE))


def restores(scope: Scope, found: DatabaseState | None) -> tuple[Change, ...]:
    """Return the one change that restores the dump beside the live database and swaps them.

    Raises:
        Refused: the dump, the role or the room do not allow it, or nobody has rehearsed it.
    """
    database = wanted(scope)
    if database is None or found is None or found.restored:
        return ()
    decided.refuse(
        f"the database {database.name} cannot be restored",
        (*found.problems, *unproven(found, database.rehearsal)),
    )
    seconds, place = scope.system.about.rto, access(scope.system, database)
    request = DatabaseRestoreRequest(location(scope), place, seconds, found.digest)
    return (
        Change(
            Call(routes(database).restore, request, seconds),
            f"restore the database {database.name} and swap it in",
            f"the live database is not that of {database.dump}",
            expected(found),
            cost(database.name, found, time.time()),
        ),
    )


def expected(found: DatabaseState) -> float:
    """Return the seconds that a restore should take: what the rehearsal of this dump took."""
    tried = found.rehearsal
    if tried and tried.digest == found.digest and tried.restore:
        return 2.0 + tried.restore
    return 2.0 + found.bytes / BYTES_A_SECOND


RESTORE_DATABASE = Action(
    "restore the database",
    "configuration",
    look=live,
    plan=restores,
    spared=lambda scope: decided.spared(scope, "restore"),
    stays=stays,
)
