"""The rollback as it happens, a line for each change: how late it is, and what is left."""

from __future__ import annotations

from collections.abc import Callable

from pytest_rollback.evidence.events import (
    ActionAdvisory,
    ActionBegun,
    ActionFailed,
    ChangeBegun,
    Decided,
    Event,
    kind_of,
)
from pytest_rollback.manifest.model import System
from pytest_rollback.manifest.values import PHASES, Phase
from pytest_rollback.recovery.rehearsal import clock, folded


class LiveProgress:
    """Listens to a timeline and tells what happens.

    ::

        0m03s isolate        stop shop-till
        0m04s files          0m01s of 7m00s; 14m56s of the objective left

    Args:
        system: its budgets are held against the clock.
        write: writes a line.
    """

    def __init__(self, system: System, write: Callable[[str], None]) -> None:
        self.system, self.write = system, write
        self.decided: float | None = None
        self.phase: Phase | None = None
        self.began = 0.0

    def __call__(self, event: Event) -> None:
        """Print an event, if it is of interest to the operator."""
        if isinstance(event, Decided):
            self.decided = event.offset
        if self.decided is None:
            return
        elapsed = event.offset - self.decided
        if isinstance(event, ActionBegun):
            self.enter(event.phase, elapsed)
        elif isinstance(event, ChangeBegun):
            self.say(elapsed, event.what)
        elif isinstance(event, (ActionFailed, ActionAdvisory)):
            self.say(elapsed, f"{kind_of(event).upper()}: {event.message}")

    def enter(self, phase: str, elapsed: float) -> None:
        """Begin a phase: say what the one before it took, and what is left."""
        if phase == self.phase or phase not in PHASES:
            return
        if self.phase is not None:
            took, budget = elapsed - self.began, self.system.budgets.of(self.phase)
            left = self.system.about.rto - elapsed
            self.say(elapsed, f"{clock(took)} of {clock(budget)}; {clock(max(0, left))} left")
        self.began = elapsed if self.phase else 0.0  # the first one begins with the decision
        self.phase = phase

    def say(self, elapsed: float, words: str) -> None:
        """Write one line; long text continues on indented lines."""
        head = f"{clock(elapsed):>7} {self.phase or '':<14} "
        for line in folded(f"{head}{words}", len(head)):
            self.write(line)
