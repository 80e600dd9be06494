"""Last: saved copies and failed versions lie in the run's evidence, not beside the live files."""

from __future__ import annotations

from typing import Any

from pytest_rollback.errors import Refused
from pytest_rollback.recovery.action import Action, Change, Scope
from pytest_rollback.recovery.actions.default_configuration import broken
from pytest_rollback.recovery.actions.requests import call, counted, moving, place, some
from pytest_rollback.transport.batch import Look
from pytest_rollback.transport.batch import asked as asked_once


def left(scope: Scope) -> Look[dict[str, Any]]:
    """Return what is left below the root, and which live files are not as recorded."""
    without = (yield from broken(scope))["instead"]
    about = {**place(scope), "without": without}
    found = yield from asked_once(call(scope, "copies.look", **about))
    return {**found, "without": without}


def closes(scope: Scope, found: dict[str, Any]) -> tuple[Change, ...]:
    """Return the one change that moves all of it into the evidence.

    Raises:
        Refused: a live file is not as recorded; its saved copy is still needed.
    """
    paths = [*found["copies"], *found["preserved"]]
    if not paths:
        return ()
    if found["differ"]:
        raise Refused(
            f"the saved copies stay: {len(found['differ'])} live files are not as recorded",
            findings=found["differ"],
            hint="run the same command again: it restores them first",
        )
    why = f"copies of {some(found['copies'])}" if found["copies"] else "failed versions are left"
    if found["strays"]:
        why += f"; nobody recorded, and left alone: {some(found['strays'])}"
    what = (
        f"move {counted(len(found['copies']), 'saved copy')} and "
        f"{counted(len(found['preserved']), 'failed version')}"
    )
    what, without = f"{what} into the evidence", found["without"]
    return (moving(scope, "copies.close", what, paths, why=why, without=without),)


def recorded(_scope: Scope, found: dict[str, Any]) -> dict[str, Any]:
    """Return what is found once every file was restored."""
    return {**found, "differ": []}


CLOSE = Action("close the backup set", "validate", look=left, plan=closes, assuming=recorded)
