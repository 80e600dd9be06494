"""How the time of a function grows with its input: whether that is in proportion.

A text of somebody else's must not cost the square of its length. That is a question of seconds, and
seconds are not ours alone on a busy machine: so two lengths are compared in one process, by its own
processor time, and a text counts as slow only when each of several tries says so. A processor that
is shared, or a cache that others have filled, makes one try slow; an expression that goes back and
forth makes all of them slow.
"""

from __future__ import annotations

import gc
from collections.abc import Callable

SQUARE, TRIES = 24, 6
"""Times that eight times the text may take: in proportion they are 8, of a square 64. And how often
it has to be so: a processor that somebody else used meanwhile makes it look so once, or twice."""

SHORTER = 8
"""By how much the shorter text is shorter."""

NOTHING = 0.004
"""Seconds that are too short to be compared."""


def grows(taken: Callable[[int], float], length: int) -> bool:
    """Return whether eight times the text take much more than eight times as long, each time.

    It is asked of texts of somebody else's, whose length he chooses.

    Args:
        taken: returns the seconds of processor time that a text of so many letters takes.
        length: letters of the longer text.

    Returns:
        Whether it is not in proportion: a text that takes hardly any time is never told.
    """
    gc.disable()  # it goes through all that other tests have left, more often for a longer text
    try:
        return all(_grows(taken, length) for _ in range(TRIES))
    finally:
        gc.enable()


def _grows(taken: Callable[[int], float], length: int) -> bool:
    long = taken(length)
    return long >= NOTHING and long >= SQUARE * max(taken(length // SHORTER), NOTHING / SHORTER)
