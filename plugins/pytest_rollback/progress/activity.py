"""What this process does at the moment: phase, what it waits for, and the clocks that run.

Only the main thread speaks for the process: what others ask beside it is nothing to wait for.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Activity:
    """Something that takes a while.

    Args:
        words: what it is, for people.
        since: when it began, by `time.monotonic()`.
        limit: after so many seconds it is given up; None where nobody would.
    """

    words: str
    since: float
    limit: float | None = None


@dataclass(frozen=True)
class Stage:
    """A phase of the procedure, or a suite.

    Args:
        name: as reports name it.
        since: when it began, by `time.monotonic()`.
        budget: the seconds that it may take; None where nobody set any.
    """

    name: str
    since: float
    budget: float | None = None


class Progress:
    """All that is known about where a process is. A process has one: `PROGRESS`."""

    def __init__(self) -> None:
        self.anew()

    def anew(self) -> None:
        """Forget all: another command begins."""
        self.began = time.monotonic()
        self.stage: Stage | None = None
        self.decided: float | None = None
        self.objective = 0.0
        self.done = self.total = 0
        self.current = ""
        self._under_way: list[Activity] = []

    def enter(self, name: str, budget: float | None = None) -> None:
        """Begin a phase or a suite, unless it is the one that is under way."""
        if self.stage is None or self.stage.name != name:
            self.stage = Stage(name, time.monotonic(), budget)

    def decide(self, objective: float) -> None:
        """Start the clock of a rollback that has to be over after so many seconds."""
        self.decided, self.objective = time.monotonic(), objective

    def now(self) -> Activity | None:
        """Return the innermost of what is under way; None where nothing is."""
        under_way = self._under_way[-1:]  # one step: whoever is done takes it away meanwhile
        return under_way[0] if under_way else None

    @contextlib.contextmanager
    def doing(self, words: str) -> Iterator[None]:
        """Say what is done within."""
        with self._during(Activity(words, time.monotonic())):
            yield

    @contextlib.contextmanager
    def waiting(self, words: str, limit: float) -> Iterator[None]:
        """Say what is waited for within, and after how many seconds it is given up.

        Who knows better for what it is has said so before: those words stay, and its limit.
        """
        outer = self.now()
        if outer and outer.limit:
            yield
            return
        with self._during(Activity(outer.words if outer else words, time.monotonic(), limit)):
            yield

    @contextlib.contextmanager
    def _during(self, activity: Activity) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        self._under_way.append(activity)
        try:
            yield
        finally:
            with contextlib.suppress(ValueError):  # another command has begun within
                self._under_way.remove(activity)


PROGRESS = Progress()
doing = PROGRESS.doing
