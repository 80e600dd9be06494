"""What the line that ticks is told of a session: suites, criteria, phases, the decision."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_rollback.evidence.events import ActionBegun, Decided, Event
from pytest_rollback.manifest.values import PHASES
from pytest_rollback.plugin.stash import criterion_of
from pytest_rollback.progress.activity import PROGRESS
from pytest_rollback.progress.ticker import TICKER

if TYPE_CHECKING:
    from pytest_rollback.manifest.model import System
    from pytest_rollback.run.run import Run


class SessionProgress:
    """What the line is told of the session.

    Args:
        run: what the session is about.
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        TICKER.redact = run.redactor.text
        run.timeline.listeners.append(Clocks(run.system))

    def pytest_collection(self) -> None:
        """The criteria are collected."""
        PROGRESS.current = "collects criteria"

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """So many of them will be evaluated."""
        PROGRESS.total = len(session.items)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """A criterion begins."""
        found = criterion_of(item)
        if found is None:
            PROGRESS.current = item.name
            return
        _, bracket, about = item.name.partition("[")
        PROGRESS.current = f"{found.identity} {bracket}{about}".rstrip()
        if found.suite == "monitor":
            PROGRESS.decided = None  # the system is recovered: nothing is late any more
        if PROGRESS.decided is None:
            PROGRESS.enter(found.suite)
        elif found.suite != "drill":  # there the phase is that of the action
            PROGRESS.enter(found.phase, self.run.system.budgets.of(found.phase))

    def pytest_runtest_logfinish(self) -> None:
        """A test has ended, here or in a worker."""
        PROGRESS.done += 1

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        """What was found is written."""
        PROGRESS.current, PROGRESS.stage = "writes the report", None
        PROGRESS.decided = None

    def pytest_enter_pdb(self) -> None:
        """Somebody types: what ticks would be in the way."""
        TICKER.rest()

    def pytest_leave_pdb(self) -> None:
        """Nobody types any more."""
        TICKER.wake()


class Clocks:
    """Listens to the timeline of a rollback for phases and the decision.

    Args:
        system: its budgets are held against the clock.
    """

    def __init__(self, system: System) -> None:
        self.system = system

    def __call__(self, event: Event) -> None:
        """Take in what has happened."""
        if isinstance(event, Decided):
            PROGRESS.decide(self.system.about.rto)
            self.enter(PHASES[0])
        elif isinstance(event, ActionBegun) and PROGRESS.decided is not None:
            self.enter(event.phase)

    def enter(self, phase: str) -> None:
        """Begin a phase of the procedure."""
        if phase in PHASES:
            PROGRESS.enter(phase, self.system.budgets.of(phase))
