"""The restore actions as session fixtures; each asks for the one that must come before it."""

from __future__ import annotations

import pytest

from rollback.actions.files import RESTORE_FILES
from rollback.actions.units import ISOLATE, START
from rollback.gate import Done, Gate
from rollback.plugin import run_of
from rollback.timeline import Timeline


@pytest.fixture(scope="session")
def gate(pytestconfig: pytest.Config) -> Gate:
    """The only door to changes; shut unless --arm repeats the target's name."""
    run = run_of(pytestconfig)
    worker = hasattr(pytestconfig, "workerinput")
    timeline = Timeline(pytestconfig.rootpath / "reports" / run.identity)
    armed = pytestconfig.getoption("--arm")
    return Gate(run.connection, timeline, armed=armed, run=run.identity, worker=worker)


@pytest.fixture(scope="session")
def isolated(gate: Gate) -> Done:
    """Phase 1: no unit of the system runs. None is stopped for a restore that cannot be made."""
    gate.foresee(RESTORE_FILES)
    return gate.perform(ISOLATE)


@pytest.fixture(scope="session")
def files_restored(isolated: Done, gate: Gate) -> Done:  # noqa: ARG001 - it must come first
    """Phase 2: every live file equals its saved copy."""
    return gate.perform(RESTORE_FILES)


@pytest.fixture(scope="session")
def services_started(files_restored: Done, gate: Gate) -> Done:  # noqa: ARG001 - it must come first
    """Phase 4: every unit runs."""
    return gate.perform(START)
