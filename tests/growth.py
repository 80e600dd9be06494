"""How the time of a function grows with its input: whether that is in proportion."""

from __future__ import annotations

from collections.abc import Callable

SQUARE, TRIES = 24, 6
"""Times that eight times the text may take: in proportion they are 8, of a square 64. And how often
it has to be so: a processor that somebody else used meanwhile makes it look so once, or twice."""

NOTHING = 0.004
"""Seconds that are too short to be compared."""


def grows(taken: Callable[[int], float], length: int) -> bool:
    """Return whether eight times the text take much more than eight times as long, each time.

    Args:
        taken: returns the seconds of processor time that a text of so many letters takes.
        length: letters of the longer text.
    """
    for _ in range(TRIES):
        long = taken(length)
        if long < NOTHING or long < SQUARE * max(taken(length // 8), NOTHING / 8):
            return False
    return True
