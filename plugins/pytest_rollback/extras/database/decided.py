"""What `[database] return` decides: which way back is gone by this rollback, or none."""

from __future__ import annotations

from pytest_rollback.agent.database.messages import DatabaseProblem
from pytest_rollback.errors import Refused
from pytest_rollback.manifest.model import Database
from pytest_rollback.manifest.values import DataReturn
from pytest_rollback.recovery.action import Scope

DONE = {"restore": "restored", "migrate": "migrated"}
"""What is done to a database, by what is decided."""


def wanted(scope: Scope, how: DataReturn) -> Database | None:
    """Return the database that a rollback brings back this way; one of some components, none."""
    described = scope.system.database
    return described if described and described.return_ == how and not scope.only else None


def spared(scope: Scope, how: DataReturn) -> str:
    """Return that the database is left alone, where a whole rollback would bring it back."""
    described = scope.system.database
    if described is None or described.return_ != how or wanted(scope, how):
        return ""
    return (
        f"the database {described.name} is not {DONE[how]}: other components use it as well\n"
        f"HINT: to {how} it, run the same command without --component"
    )


def refuse(what: str, problems: tuple[DatabaseProblem, ...]) -> None:
    """Raise what is against a way back.

    Raises:
        Refused: there is something.
    """
    if problems:
        raise Refused(
            what,
            findings=[each.problem for each in problems],
            hint=" - or - ".join(dict.fromkeys(each.hint for each in problems)),
        )
