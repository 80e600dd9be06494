"""Prepare: the state before anything changes is kept on the host, with the run."""

from __future__ import annotations

from typing import Any

from pytest_rollback.agent.services.unit_files import named
from pytest_rollback.recovery.action import Action, Change, Scope
from pytest_rollback.recovery.actions.requests import configuration, look, manager
from pytest_rollback.transport.connection import Connection


def taken(connection: Connection, scope: Scope) -> dict[str, Any]:
    """Return whether this run has a snapshot already; before it is begun it has none."""
    found: dict[str, Any] = look(connection, scope, "snapshot")
    return found


def takes(scope: Scope, found: dict[str, Any]) -> tuple[Change, ...]:
    """Return the one change that takes the snapshot, unless there is one."""
    if found["taken"]:
        return ()
    system = scope.system
    arguments = {
        **manager(system),
        "root": system.about.root,
        "configuration": configuration(system),
        "directory": system.services.directory,
        "unit_files": [named(system.services.manager, c.unit) for c in system.components],
        "components": [
            {"name": c.name, "unit": c.unit, "log": c.log, "listens": list(c.listens)}
            for c in system.components
        ],
        "git": system.fallback.git,
    }
    what, why = "save the state before the rollback", "this run has not saved it yet"
    return (Change("snapshot", "take", what, why, system.budgets.prepare, arguments),)


SNAPSHOT = Action("save the state", "prepare", look=taken, plan=takes)
