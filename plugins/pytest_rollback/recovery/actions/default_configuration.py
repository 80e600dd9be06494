"""Issue 2, 'Reset to default configuration': the last resort, for who confirmed it."""

from __future__ import annotations

from typing import Any

from pytest_rollback.errors import Refused
from pytest_rollback.recovery.action import Action, Change, Scope
from pytest_rollback.recovery.actions.requests import call, copying_time, place, some
from pytest_rollback.transport.batch import Look, without_asking
from pytest_rollback.transport.batch import asked as asked_once

NOTHING: dict[str, Any] = {"files": [], "instead": [], "lacking": {}, "digest": ""}


def asked(scope: Scope) -> dict[str, Any]:
    """Return what a question about defaults states."""
    about = scope.system
    return {
        **place(scope),
        "files": list(about.configuration.files),
        "defaults": about.configuration.defaults,
        "secrets": list(about.about.secrets),
    }


def broken(scope: Scope) -> Look[dict[str, Any]]:
    """Return the configuration files that a restore cannot make readable, and their defaults."""
    if not (scope.defaults and scope.system.configuration.defaults):
        return without_asking(NOTHING)
    return asked_once(call(scope, "defaults.look", **asked(scope)))


def resets(scope: Scope, found: dict[str, Any]) -> tuple[Change, ...]:
    """Return one change that puts the defaults of broken files in their place.

    Raises:
        Refused: one of them has no default that could be read.
    """
    if found["lacking"]:
        raise Refused(
            f"{len(found['lacking'])} broken configuration files have no default",
            findings=[f"{path}: {why}" for path, why in found["lacking"].items()],
            hint=f"put one into {scope.system.configuration.defaults} that can be read",
        )
    files = found["files"]
    if not files:
        return ()
    paths = [each["path"] for each in files]
    why = "; ".join(f"{e['path']}: {e['why']}; {', '.join(e['diff'])}" for e in files)
    return (
        Change(
            call(
                scope,
                "defaults.apply",
                scope.system.budgets.configuration,
                **asked(scope),
                digest=found["digest"],
            ),
            f"replace {some(paths)} by the default configuration",
            why,
            copying_time(len(files)),
        ),
    )


USE_DEFAULTS = Action(
    "fall back to the default configuration", "configuration", look=broken, plan=resets
)
