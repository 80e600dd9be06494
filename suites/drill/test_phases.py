"""The procedure's phases, in its order: isolation, files, services."""

from __future__ import annotations

from fixtures.probes import demand, until_healthy
from rollback.actions.files import RESTORE_FILES
from rollback.actions.units import ISOLATE, START
from rollback.connection import Connection
from rollback.criteria import criterion
from rollback.gate import Done
from rollback.model import Component, System


@criterion("drill.units.stopped")
def test_components_are_isolated(isolated: Done) -> None:
    """'Verify isolation successful': every unit was seen down before a file was touched."""
    assert isolated.action is ISOLATE


@criterion("drill.files.restored")
def test_files_are_restored(files_restored: Done) -> None:
    """'Verify restoration': every live file was seen equal to the record."""
    assert files_restored.action is RESTORE_FILES


@criterion("drill.services.started")
def test_services_run_again(services_started: Done) -> None:
    """'Restart Services in Order': every unit was seen active."""
    assert services_started.action is START


@criterion("drill.health.answers")
def test_components_are_healthy(
    services_started: Done,  # noqa: ARG001 - it must come first
    connection: Connection,
    system: System,
    component: Component,
) -> None:
    """'Health Check Validation': each component answers all its probes within its start time."""
    demand(
        until_healthy(connection, system, component),
        component,
        f"see the log of {component.unit}; the failed release comes back by undoing this run",
    )
