"""Configuration: its files, the unit files under their units' names, and no stale bytecode."""

from __future__ import annotations

from typing import Any

from pytest_rollback.recovery.action import Action, Change, Scope
from pytest_rollback.recovery.actions.default_configuration import broken
from pytest_rollback.recovery.actions.files import restore
from pytest_rollback.recovery.actions.requests import call, counted, manager, moving, place, some
from pytest_rollback.transport.batch import Look, without_asking
from pytest_rollback.transport.batch import asked as asked_once


def pending(scope: Scope) -> Look[dict[str, Any]]:
    """Return the configuration files that are not as recorded, and the digest of this plan.

    `without` are those that get their defaults instead.
    """
    without = (yield from broken(scope))["instead"]
    about = {**place(scope), "part": "configuration", "without": without}
    found = yield from asked_once(call(scope, "restore.look", **about))
    return {**found, "without": without}


def restores(scope: Scope, found: dict[str, Any]) -> tuple[Change, ...]:
    """Return one change for all configuration files that differ; none when none differs."""
    return restore(scope, found, "configuration", scope.system.budgets.configuration)


def unit_files(scope: Scope) -> dict[str, Any]:
    """Return what a question about unit files states."""
    services = scope.system.services
    return {
        **manager(scope.system),
        "root": scope.system.about.root,
        "source": services.source,
        "directory": services.directory,
        "units": [component.unit for component in scope.components],
    }


def uninstalled(scope: Scope) -> Look[dict[str, Any]]:
    """Return the unit files that differ from the release's, and the units that need a reload."""
    if scope.system.services.source is None:
        nothing: dict[str, Any] = {"differ": [], "reload": [], "skipped": [], "digest": ""}
        return without_asking(nothing)
    return asked_once(call(scope, "unitfiles.look", **unit_files(scope)))


def installs(scope: Scope, found: dict[str, Any]) -> tuple[Change, ...]:
    """Return the one change that installs what differs and has the manager read it."""
    differ, waiting = found["differ"], found["reload"]
    if not (differ or waiting):
        return ()
    names = [name for _, name in differ]
    what = f"install {some(names)} and reload" if names else "have the unit files read again"
    why = (
        "installed is not what the release has"
        if names
        else f"not read since they changed: {some(waiting)}"
    )
    arguments = {**unit_files(scope), "digest": found["digest"]}
    seconds = scope.system.budgets.configuration
    return (Change(call(scope, "unitfiles.install", seconds, **arguments), what, why),)


def stale(scope: Scope) -> Look[dict[str, Any]]:
    """Return bytecode beside restored sources that is not theirs."""
    return asked_once(call(scope, "caches.look", **place(scope)))


def clears(scope: Scope, found: dict[str, Any]) -> tuple[Change, ...]:
    """Return one change for all stale bytecode; modules without a source stay."""
    paths = [*found["stale"], *found["directories"]]
    if not paths:
        return ()
    what = f"move {counted(len(found['stale']), 'bytecode file')} into the evidence"
    return (moving(scope, "caches.clear", what, paths, why=f"stale: {some(paths)}"),)


RESTORE_CONFIGURATION = Action(
    "restore the configuration", "configuration", look=pending, plan=restores
)
INSTALL_UNITS = Action("install unit files", "configuration", look=uninstalled, plan=installs)
CLEAR_CACHES = Action("clear stale bytecode", "configuration", look=stale, plan=clears)
