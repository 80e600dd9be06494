"""The restore actions as session fixtures; each asks for the one that must come before it."""

from __future__ import annotations

import pytest

from pytest_rollback.errors import RollbackError
from pytest_rollback.evidence.events import Planned
from pytest_rollback.plugin.lifecycle import gate_of
from pytest_rollback.plugin.session import run_of
from pytest_rollback.recovery import actions, entry
from pytest_rollback.recovery.action import AnyAction, Done
from pytest_rollback.recovery.entry import Objection
from pytest_rollback.recovery.gate import Gate
from pytest_rollback.recovery.rehearsal import lines, rehearse


@pytest.fixture(scope="session")
def gate(pytestconfig: pytest.Config) -> Gate:
    """The only door to changes; shut unless --arm repeats the target's name."""
    return gate_of(pytestconfig, run_of(pytestconfig))


@pytest.fixture(scope="session")
def steps(pytestconfig: pytest.Config) -> tuple[AnyAction, ...]:
    """Every restore action in the order of the procedure; none is carried out."""
    return run_of(pytestconfig).extras.actions


@pytest.fixture(scope="session")
def snapshot_saved(gate: Gate, pytestconfig: pytest.Config) -> Done:
    """Prepare: the state before the rollback is kept. Nothing is done that cannot be finished."""
    run = run_of(pytestconfig)
    only = (actions.SNAPSHOT, actions.ISOLATE) if run.isolates else run.extras.actions
    gate.enter()
    begins = not (run.isolates or gate.resumed)
    if begins:
        entry.demand_parts(gate.connection, gate.scope)
    steps = rehearse(gate, only)
    if begins:
        entry.demand_work(steps, gate.connection, gate.scope)
    gate.demand_accepted((change for step in steps for change in step.changes), planned=True)
    gate.timeline.note(Planned(tuple(lines(steps, gate.scope))))
    return gate.perform(actions.SNAPSHOT)


@pytest.fixture(scope="session")
def entered(
    snapshot_saved: Done,  # noqa: ARG001 - it must come first
    gate: Gate,
    pytestconfig: pytest.Config,
) -> tuple[Objection, ...]:
    """Prepare: what readiness has against it and was overruled; anything else ends it here.

    A run that had stopped a unit before it was interrupted is gone on with: to leave it is worse.
    """
    run = run_of(pytestconfig)
    if run.isolates:
        return ()
    found = entry.objections(gate.connection, gate.scope, run.asked.despite)
    if not gate.resumed:
        entry.refuse(found, run.resume)
    return found


@pytest.fixture(scope="session")
def isolated(entered: tuple[Objection, ...], gate: Gate) -> Done:  # noqa: ARG001
    """Phase 1: no unit that is rolled back runs."""
    return gate.perform(actions.ISOLATE)


@pytest.fixture(scope="session")
def guarded(isolated: Done, gate: Gate) -> Done:  # noqa: ARG001
    """Phase 1: nothing starts on a mixed tree, not even after a reboot."""
    return gate.perform(actions.GUARD_ON)


@pytest.fixture(scope="session")
def maintenance_on(guarded: Done, gate: Gate) -> Done:  # noqa: ARG001
    """Phase 1: users get the maintenance page."""
    return gate.perform(actions.MAINTENANCE_ON)


@pytest.fixture(scope="session")
def extras_prepared(
    maintenance_on: Done,  # noqa: ARG001
    gate: Gate,
    pytestconfig: pytest.Config,
) -> dict[str, Done]:
    """Phase 2: what parts do with the live release at hand, by the name of the action."""
    placed = run_of(pytestconfig).extras.after(actions.MAINTENANCE_ON)
    return {action.name: gate.perform(action) for action in placed}


@pytest.fixture(scope="session")
def packages_returned(extras_prepared: dict[str, Done], gate: Gate) -> Done:  # noqa: ARG001
    """Phase 2: every recorded package is installed in the recorded version."""
    return gate.perform(actions.RETURN_PACKAGES)


@pytest.fixture(scope="session")
def files_restored(packages_returned: Done, gate: Gate) -> Done:  # noqa: ARG001
    """Phase 2: every live file equals its backup."""
    return gate.perform(actions.RESTORE_FILES)


@pytest.fixture(scope="session")
def added_removed(files_restored: Done, gate: Gate) -> Done:  # noqa: ARG001
    """Phase 2: no file that the deploy added is left."""
    return gate.perform(actions.REMOVE_ADDED)


@pytest.fixture(scope="session")
def release_returned(added_removed: Done, gate: Gate) -> Done:  # noqa: ARG001
    """Phase 2: the previous release is live, where commands bring it back."""
    return gate.perform(actions.RETURN_RELEASE)


@pytest.fixture(scope="session")
def configuration_restored(release_returned: Done, gate: Gate) -> Done:  # noqa: ARG001
    """Phase 3: the configuration is the recorded one."""
    return gate.perform(actions.RESTORE_CONFIGURATION)


@pytest.fixture(scope="session")
def defaults_used(configuration_restored: Done, gate: Gate) -> Done:  # noqa: ARG001
    """Phase 3, last resort: what --use-defaults asks for, and nothing without it."""
    return gate.perform(actions.USE_DEFAULTS)


@pytest.fixture(scope="session")
def units_installed(defaults_used: Done, gate: Gate) -> Done:  # noqa: ARG001
    """Phase 3: the service manager has the recorded unit files, under their own names."""
    return gate.perform(actions.INSTALL_UNITS)


@pytest.fixture(scope="session")
def caches_cleared(units_installed: Done, gate: Gate) -> Done:  # noqa: ARG001
    """Phase 3: no bytecode of another version lies beside a restored source."""
    return gate.perform(actions.CLEAR_CACHES)


@pytest.fixture(scope="session")
def extras_restored(
    caches_cleared: Done,  # noqa: ARG001
    gate: Gate,
    pytestconfig: pytest.Config,
) -> dict[str, Done]:
    """Phase 3: what parts restore beside files and configuration, by the name of the action."""
    placed = run_of(pytestconfig).extras.after(actions.CLEAR_CACHES)
    return {action.name: gate.perform(action) for action in placed}


@pytest.fixture(scope="session")
def copies_separated(extras_restored: dict[str, Done], gate: Gate) -> Done:  # noqa: ARG001
    """Phase 4: no backup shares its bytes with a live file that a service may write to."""
    return gate.perform(actions.SEPARATE)


@pytest.fixture(scope="session")
def unguarded(copies_separated: Done, gate: Gate) -> Done:  # noqa: ARG001
    """Phase 4: all is restored and verified; units may start again."""
    return gate.perform(actions.GUARD_OFF)


@pytest.fixture(scope="session")
def services_healthy(unguarded: Done, gate: Gate) -> Done:  # noqa: ARG001
    """Phase 4: every required component was started in order, each once the last was healthy."""
    return gate.perform(actions.START)


@pytest.fixture(scope="session")
def optional_healthy(services_healthy: Done, gate: Gate) -> RollbackError | None:  # noqa: ARG001
    """Phase 4: optional components are started last; what keeps them down is only told."""
    return attempted(gate, actions.START_OPTIONAL)


@pytest.fixture(scope="session")
def services_started(optional_healthy: RollbackError | None, gate: Gate) -> Done:  # noqa: ARG001
    """Phase 4: every required component stays up; all are watched at once, optional ones too."""
    return gate.perform(actions.SETTLE)


@pytest.fixture(scope="session")
def optional_started(
    services_started: Done,
    optional_healthy: RollbackError | None,
    gate: Gate,
) -> Done | RollbackError:
    """Phase 4: what keeps optional components from being up and staying so."""
    failed = optional_healthy or attempted(gate, actions.SETTLE_OPTIONAL)
    return failed or services_started


def attempted(gate: Gate, action: AnyAction) -> RollbackError | None:
    """Perform an action that stops nobody; return why it failed."""
    try:
        gate.perform(action, vital=False)
    except RollbackError as error:
        return error
    return None


@pytest.fixture(scope="session")
def maintenance_off(optional_started: Done | RollbackError, gate: Gate) -> Done:  # noqa: ARG001
    """Phase 4: users get the system again; only a healthy one."""
    return gate.perform(actions.MAINTENANCE_OFF)


@pytest.fixture(scope="session")
def closed(maintenance_off: Done, gate: Gate) -> Done:  # noqa: ARG001 - it must come first
    """Last: backups and failed versions lie in the run's evidence, not beside the files."""
    return gate.perform(actions.CLOSE)
