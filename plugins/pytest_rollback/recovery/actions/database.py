"""The database, where `[database] restore = true`: that of the dump is the live one."""

from __future__ import annotations

from typing import Any

from pytest_rollback.errors import Refused
from pytest_rollback.manifest.model import Database
from pytest_rollback.recovery.action import Action, Change, Scope
from pytest_rollback.recovery.actions.requests import call
from pytest_rollback.transport.batch import Look, without_asking
from pytest_rollback.transport.batch import asked as asked_once

SHARE = 0.5
"""Of the RTO: a dump that takes longer to read than this is restored too late by far."""

BYTES_A_SECOND = 8e6
NOTHING: dict[str, Any] = {"restored": True}


def wanted(scope: Scope) -> Database | None:
    """Return the database that a rollback restores; one of some components restores none."""
    described = scope.system.database
    return described if described and described.restore and not scope.only else None


def spared(scope: Scope) -> str:
    """Return that the database is left alone, where a whole rollback would restore it."""
    described = scope.system.database
    if described is None or not described.restore or wanted(scope):
        return ""
    return (
        f"the database {described.name} is left alone: components that are not rolled back use it\n"
        "HINT: to restore it as well, give the same command without --component"
    )


def asked(scope: Scope, database: Database) -> dict[str, Any]:
    """Return what a question about the database states."""
    return {
        **database.model_dump(include={"name", "dump", "host", "port", "user", "tools"}),
        "account": scope.system.about.user,
    }


def live(scope: Scope) -> Look[dict[str, Any]]:
    """Return whether the live database is that of the dump, and what stands in the way."""
    database = wanted(scope)
    if database is None:
        return without_asking(NOTHING)
    seconds = scope.system.about.rto * SHARE
    about = asked(scope, database)
    return asked_once(call(scope, "database.look", seconds + 60.0, timeout=seconds, **about))


def restores(scope: Scope, found: dict[str, Any]) -> tuple[Change, ...]:
    """Return the one change that restores the dump beside the live database and swaps them.

    Raises:
        Refused: the dump, the role or the room do not allow it.
    """
    database = wanted(scope)
    if database is None or found["restored"]:
        return ()
    if found["problems"]:
        raise Refused(
            f"the database {database.name} cannot be restored",
            findings=[each["problem"] for each in found["problems"]],
            hint=" - or - ".join(dict.fromkeys(each["hint"] for each in found["problems"])),
        )
    seconds = scope.system.about.rto
    return (
        Change(
            call(
                scope,
                "database.restore",
                seconds,
                **asked(scope, database),
                digest=found["digest"],
                timeout=seconds,
            ),
            f"restore the database {database.name} and swap it in",
            f"it is not the one of {database.dump}",
            2.0 + found["bytes"] / BYTES_A_SECOND,
        ),
    )


RESTORE_DATABASE = Action(
    "restore the database", "configuration", look=live, plan=restores, spared=spared
)
