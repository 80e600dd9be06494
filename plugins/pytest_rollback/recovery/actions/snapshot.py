"""Prepare: the state before anything changes is kept on the host, with the run."""

from __future__ import annotations

from typing import Any

from pytest_rollback.agent.services import registry
from pytest_rollback.recovery.action import Action, Change, Scope
from pytest_rollback.recovery.actions.requests import call, configuration, manager
from pytest_rollback.transport import requests
from pytest_rollback.transport.batch import Look
from pytest_rollback.transport.batch import asked as asked_once


def taken(scope: Scope) -> Look[dict[str, Any]]:
    """Return whether this run has a snapshot already; before it is begun it has none."""
    return asked_once(call(scope, "snapshot.look"))


def takes(scope: Scope, found: dict[str, Any]) -> tuple[Change, ...]:
    """Return the one change that takes the snapshot, unless there is one."""
    if found["taken"]:
        return ()
    system = scope.system
    names = registry.of(requests.manager(system))
    arguments = {
        **manager(system),
        "root": system.about.root,
        "configuration": configuration(system),
        "directory": system.services.directory,
        "unit_files": [names.file_name(c.unit) for c in system.components],
        "components": [
            {"name": c.name, "unit": c.unit, "log": c.log, "listens": list(c.listens)}
            for c in system.components
        ],
        "git": system.fallback.git,
    }
    what, why = "save the state before the rollback", "this run has not saved it yet"
    return (Change(call(scope, "snapshot.take", system.budgets.prepare, **arguments), what, why),)


SNAPSHOT = Action("save the state", "prepare", look=taken, plan=takes)
