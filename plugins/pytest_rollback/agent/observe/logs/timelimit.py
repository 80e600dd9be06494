"""An end to an expression that does not come to one: a pattern of the manifest, over any line."""

from __future__ import annotations

import contextlib
import signal
from typing import Any, Iterator

__all__ = ["Slow", "limited"]

LEAST = 0.1
"""Seconds that are left for a log when the time for all of them is over."""


class Slow(Exception):
    """The time is over; `line` is what was looked at."""

    line = ""


def _over(_number: int, _frame: Any) -> None:  # noqa: ANN401 - as signal has it
    raise Slow


@contextlib.contextmanager
def limited(seconds: float) -> Iterator[None]:
    """End what is inside with `Slow` after a time; Python's expressions heed signals.

    Outside the main thread there is no limit: the pieces that an expression sees are small.
    """
    try:
        before = signal.signal(signal.SIGALRM, _over)
    except ValueError:
        yield
        return
    signal.setitimer(signal.ITIMER_REAL, max(LEAST, seconds))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)
