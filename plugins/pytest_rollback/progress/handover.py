"""From which moment on a child ticks itself: until then whoever has started it does.

A child that imports for two seconds would be silent otherwise. It closes a pipe when it begins, or
when it ends; its first tick takes the place of the last one of ours.
"""

from __future__ import annotations

import contextlib
import os
import select
import stat

VARIABLE = "PYTEST_ROLLBACK_TICKS"
"""Tells a child which descriptor it closes."""

IS_CHILD = VARIABLE in os.environ
"""Whether a command of ours has started this process, and says what it leaves unsaid."""


class Handover:
    """A pipe that a child has the other end of: `writing`. Close it when the child has ended."""

    def __init__(self) -> None:
        self._reading, self.writing = os.pipe()
        self._given = False

    @property
    def environment(self) -> dict[str, str]:
        """The variables of the child."""
        return {**os.environ, VARIABLE: str(self.writing)}

    def given(self) -> None:
        """Take in that the child has its end, or that there is none: ours is closed."""
        if not self._given:
            self._given = True
            os.close(self.writing)

    def is_done(self) -> bool:
        """Return whether the child has begun to tick, or ended."""
        return bool(select.select([self._reading], [], [], 0)[0])

    def close(self) -> None:
        """Let go of the pipe."""
        self.given()
        os.close(self._reading)


def taken_over() -> None:
    """Tell whoever has started this process that it ticks itself from now on."""
    named = os.environ.pop(VARIABLE, "")
    with contextlib.suppress(OSError, ValueError):
        handle = int(named)
        if stat.S_ISFIFO(os.fstat(handle).st_mode):
            os.close(handle)
