"""Which errors are older than a start: by their times, and by their places where these disagree.

A line that is a good deal older than one above it was written by another clock, or in another
zone: its place tells more than its time. It was written after the line above, and before the next
one whose time is in order.
"""

from __future__ import annotations

import math
from typing import Iterator, List, Sequence

from .coverage import BACK
from .reading import LineRead

AHEAD = 60.0
"""Seconds that a log's times may be ahead of the host's clock before nothing is concluded."""


class Order:
    """The times of the lines of a log, against a start.

    Args:
        lines: all lines that were read.
        start: seconds since the epoch.
        now: the host's clock; a line that is ahead of it tells nothing.
        floor: when the first line was written at the earliest, 0 where nobody knows.

    `doubtful` are places of errors of which nobody can tell whether they are older.
    """

    def __init__(
        self, lines: Sequence[LineRead], start: float, now: float, floor: float = 0.0
    ) -> None:
        self.lines = lines
        self.start = start
        self.latest = now + AHEAD
        self.highest = list(self._highest(floor))
        self.doubtful: List[int] = []

    def _highest(self, above: float) -> Iterator[float]:
        """Yield for each line the latest time above it."""
        for line in self.lines:
            yield above
            if line.when is not None and above < line.when <= self.latest:
                above = line.when

    def is_old(self, first: int, last: int) -> bool:
        """Return whether the error from one line to another is older than the start.

        One of which it is doubtful is noted, and is none of those since the start.
        """
        when = self.lines[first].when
        if when is None:
            when = self._below(last, 0.0, math.inf)
        if when > self.latest:
            return self._below(last, 0.0, self.latest) < self.start
        if when >= self.start:
            return False
        above = self.highest[first]
        is_behind = when < above - BACK and not self.doubtful  # one of them is enough
        if is_behind and self._below(last, above, self.latest) >= self.start:
            self.doubtful.append(first)
        return True

    def _below(self, last: int, least: float, most: float) -> float:
        """Return the first time below a line that lies between two, infinity for none."""
        below = (self.lines[at].when for at in range(last + 1, len(self.lines)))
        return next(
            (when for when in below if when is not None and least <= when <= most), math.inf
        )
