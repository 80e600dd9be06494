"""The procedure's phases, in its order. Each criterion asks for what its action has done."""

from __future__ import annotations

import pytest

from pytest_rollback.criteria import criterion
from pytest_rollback.errors import Advisory, RollbackError
from pytest_rollback.fixtures.probes import demand, until_healthy
from pytest_rollback.manifest.model import Component, System
from pytest_rollback.recovery import actions
from pytest_rollback.recovery.action import Done
from pytest_rollback.recovery.entry import Objection
from pytest_rollback.transport.connection import Connection


@pytest.mark.isolate
@criterion("drill.state.saved", phase="prepare")
def test_the_state_before_is_saved(snapshot_saved: Done) -> None:
    """'Backup Current State': configuration, logs and unit states were saved as evidence."""
    assert snapshot_saved.action is actions.SNAPSHOT


@criterion("drill.entry.allowed", phase="prepare")
def test_readiness_has_nothing_against_it(entered: tuple[Objection, ...]) -> None:
    """'Pre-rollback checklist': nothing was stopped before it was sure that all would come back."""
    if entered:
        raise Advisory(
            "gone on in spite of what readiness refuses, or cannot tell",
            findings=[line for each in entered for line in each.findings],
            hint=entered[0].error.hint,
        )


@pytest.mark.isolate
@criterion("drill.units.stopped", phase="isolate")
def test_components_are_isolated(isolated: Done) -> None:
    """'Verify isolation successful': every unit was down before the first file was changed."""
    assert isolated.action is actions.ISOLATE


@criterion("drill.start.guarded", phase="isolate")
def test_nothing_starts_meanwhile(guarded: Done) -> None:
    """'Verify isolation successful': no unit can start before all files are restored."""
    assert guarded.action is actions.GUARD_ON


@criterion("drill.maintenance.shown", phase="isolate", needs=("maintenance",))
def test_users_are_told_to_wait(maintenance_on: Done) -> None:
    """'Route traffic to maintenance page': the edge answered with the maintenance page."""
    assert maintenance_on.action is actions.MAINTENANCE_ON


@criterion("drill.packages.returned", phase="files", needs=("release.packages",))
def test_packages_are_back(packages_returned: Done) -> None:
    """'Restore Specific Components': every recorded package is installed in its version again."""
    assert packages_returned.action is actions.RETURN_PACKAGES


@criterion("drill.files.restored", phase="files")
def test_files_are_restored(files_restored: Done) -> None:
    """'Verify restoration': every live file equals the recorded file."""
    assert files_restored.action is actions.RESTORE_FILES


@criterion("drill.files.added_gone", phase="files")
def test_added_files_are_away(added_removed: Done) -> None:
    """'Restore Specific Components': every file that the deploy added was removed from the root."""
    assert added_removed.action is actions.REMOVE_ADDED


@criterion("drill.release.returned", phase="files", needs=("release.commands",))
def test_the_release_is_returned(release_returned: Done) -> None:
    """'Restore Specific Components': look shows what it showed before the deploy."""
    assert release_returned.action is actions.RETURN_RELEASE


@criterion("drill.configuration.restored", phase="configuration")
def test_the_configuration_is_restored(configuration_restored: Done) -> None:
    """'Restore environment variables': every configuration file equals the recorded file."""
    assert configuration_restored.action is actions.RESTORE_CONFIGURATION


@criterion("drill.configuration.defaults", phase="configuration", needs=("configuration.defaults",))
def test_defaults_are_used_where_asked(defaults_used: Done) -> None:
    """'Reset to default configuration': no broken configuration is left with --use-defaults."""
    assert defaults_used.action is actions.USE_DEFAULTS


@criterion("drill.units.installed", phase="configuration", needs=("services.source",))
def test_unit_files_are_installed(units_installed: Done) -> None:
    """'Restore service configurations': the service manager uses the recorded unit files."""
    assert units_installed.action is actions.INSTALL_UNITS


@criterion("drill.caches.cleared", phase="configuration")
def test_no_stale_bytecode_is_left(caches_cleared: Done) -> None:
    """'Restore Import Paths': no source file has bytecode of another version."""
    assert caches_cleared.action is actions.CLEAR_CACHES


@criterion("drill.backups.separate", phase="services")
def test_backups_stand_alone(copies_separated: Done) -> None:
    """'Restart Services in Order': no backup is the same file as its live file any more."""
    assert copies_separated.action is actions.SEPARATE


@criterion("drill.start.released", phase="services")
def test_units_may_start_again(unguarded: Done) -> None:
    """'Restart Services in Order': the start guard was removed after all files were verified."""
    assert unguarded.action is actions.GUARD_OFF


@criterion("drill.services.started", phase="services")
def test_services_run_again(services_started: Done) -> None:
    """'Restart Services in Order': each unit was healthy before the next; then all stayed up."""
    assert services_started.action is actions.SETTLE


@criterion("drill.services.optional", phase="services")
def test_optional_services_run_again(optional_started: Done | RollbackError) -> None:
    """'Start knowledge system (if stable)': every optional component was started."""
    if isinstance(optional_started, RollbackError):
        raise Advisory(
            f"an optional component is down: {optional_started.message}",
            findings=optional_started.findings,
            hint=optional_started.hint,
        ) from optional_started


@criterion("drill.health.answers", phase="services")
def test_components_are_healthy(
    optional_started: Done | RollbackError,  # noqa: ARG001 - it must come first
    connection: Connection,
    system: System,
    component: Component,
) -> None:
    """'Health Check Validation': the component answers all its probes within its start time."""
    demand(
        until_healthy(connection, system, component),
        component,
        f"see the log of {component.unit}; or undo this run to get the failed release back",
    )


@criterion("drill.maintenance.lifted", phase="services", needs=("maintenance",))
def test_users_get_the_system_again(maintenance_off: Done) -> None:
    """'User experience restored': the edge answers with the system, not the maintenance page."""
    assert maintenance_off.action is actions.MAINTENANCE_OFF


@criterion("drill.backups.closed", phase="validate")
def test_backups_are_evidence(closed: Done) -> None:
    """'Should show 0 if all restored': no backup is left beside the files."""
    assert closed.action is actions.CLOSE
