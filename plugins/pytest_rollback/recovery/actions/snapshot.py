"""Prepare: the state before anything changes is kept on the host, with the run."""

from __future__ import annotations

from pytest_rollback.agent.messages.rollback.snapshot import SNAPSHOT as STATE
from pytest_rollback.agent.messages.rollback.snapshot import (
    TAKE_SNAPSHOT,
    LoggedComponent,
    SnapshotLook,
    SnapshotRequest,
    SnapshotState,
)
from pytest_rollback.agent.services import registry
from pytest_rollback.manifest import requests
from pytest_rollback.recovery.action import Action, Change, Scope
from pytest_rollback.recovery.actions.requests import PATIENT, location
from pytest_rollback.transport.batch import Look, asked
from pytest_rollback.transport.call import Call


def taken(scope: Scope) -> Look[SnapshotState]:
    """Return whether this run has a snapshot already; before it is begun it has none."""
    return asked(Call(STATE, SnapshotLook(location(scope)), PATIENT))


def takes(scope: Scope, found: SnapshotState) -> tuple[Change, ...]:
    """Return the one change that takes the snapshot, unless there is one."""
    if found.taken:
        return ()
    what, why = "save the state before the rollback", "not saved in this run yet"
    call = Call(TAKE_SNAPSHOT, request(scope), scope.system.budgets.prepare)
    return (Change(call, what, why),)


def request(scope: Scope) -> SnapshotRequest:
    """Return what the snapshot is made of."""
    system, services = scope.system, scope.system.services
    names = registry.of(requests.manager(system))
    return SnapshotRequest(
        location=location(scope),
        manager=services.manager,
        socket=services.reached,
        configuration=requests.configuration(system),
        directory=services.directory,
        unit_files=tuple(dict.fromkeys(names.file_name(c.unit) for c in system.components)),
        components=tuple(
            LoggedComponent(c.name, c.unit, c.log, tuple(c.listens)) for c in system.components
        ),
        git=system.fallback.git,
        secrets=system.about.secrets,
    )


SNAPSHOT = Action("save the state", "prepare", look=taken, plan=takes)
