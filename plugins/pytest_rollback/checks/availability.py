"""What users got, added up: counts for each second, and spans of outage and maintenance page.

How it is measured. Each question has the moment it was asked, the moment it was answered, and
what the answer was: `up`, `maintenance` or `error`. From the moment it was asked until the next
one was asked, users are taken to have got what it got. Two gaps count as `error`, because nobody
can say that users got anything better:

- an answer that took longer than `gap` seconds (one that did not come within its timeout is an
  error anyway): from when it was asked until it came;
- `gap` seconds in which nobody asked, after an answer: from when that came until the next one.

The seconds of outage and of maintenance page are sums of these spans, exact to the interval
between two questions; they are not counted from the seconds of the chart.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

Kind = Literal["up", "maintenance", "error"]
KINDS: tuple[Kind, ...] = ("up", "maintenance", "error")
MOST = 4 * 3600
"""Seconds that are kept one by one; of a longer run only the sums go on."""


class EdgeSample(NamedTuple):
    """One question: when it was asked and answered, in seconds since the clock's start."""

    asked: float
    answered: float
    kind: Kind


@dataclass(frozen=True)
class AvailabilitySecond:
    """How many answers of each kind there were in one second since the clock's start."""

    second: int = 0
    up: int = 0
    maintenance: int = 0
    error: int = 0


@dataclass(frozen=True)
class Availability:
    """What users got during a run.

    Args:
        seconds: what users got in each second in which somebody asked.
        outage_seconds, maintenance_seconds: how long users got that; None when nobody asked.
        answers: how many questions were asked.
        asked_from: where they were asked: the operator's machine, or the target's connection.
        problem: the last reason why no answer came; empty when all came.
    """

    seconds: tuple[AvailabilitySecond, ...] = ()
    outage_seconds: float | None = None
    maintenance_seconds: float | None = None
    answers: int = 0
    asked_from: str = ""
    problem: str = ""


@dataclass
class AvailabilityCount:
    """Adds samples up as they come; it keeps sums, never the samples.

    Args:
        gap: seconds without an answer, or without a question, that count as outage.
    """

    gap: float
    answers: int = 0
    spans: dict[Kind, float] = field(default_factory=lambda: dict.fromkeys(KINDS, 0.0))
    counts: dict[int, dict[Kind, int]] = field(default_factory=dict)
    last: EdgeSample | None = None

    def add(self, sample: EdgeSample) -> None:
        """Take one answer; they come in the order in which they were asked."""
        if self.last is not None:
            self._span(self.last, sample.asked)
        self.last = sample
        self.answers += 1
        waited = sample.answered - sample.asked > self.gap
        for second in range(int(sample.asked // 1), int(sample.answered // 1) if waited else 0):
            self._count(second, "error")
        self._count(int((sample.answered if waited else sample.asked) // 1), sample.kind)

    def close(self, at: float) -> AvailabilityCount:
        """Return the sums up to a moment; this count itself goes on."""
        counts = {second: dict(kinds) for second, kinds in list(self.counts.items())}
        ended = AvailabilityCount(self.gap, self.answers, dict(self.spans), counts)
        if self.last is not None:
            ended._span(self.last, at)
        return ended

    def seconds(self) -> tuple[AvailabilitySecond, ...]:
        """Return the counts of each second, in order."""
        return tuple(AvailabilitySecond(each, **self.counts[each]) for each in sorted(self.counts))

    def _count(self, second: int, kind: Kind) -> None:
        if second not in self.counts and len(self.counts) >= MOST:
            return
        self.counts.setdefault(second, dict.fromkeys(KINDS, 0))[kind] += 1

    def _span(self, sample: EdgeSample, until: float) -> None:
        for begin, end in pieces(sample, until):
            kind = sample.kind if end - begin <= self.gap else "error"
            self.spans[kind] += end - begin


def pieces(sample: EdgeSample, until: float) -> Iterator[tuple[float, float]]:
    """Yield the time until an answer came, and the time after it until the next was asked."""
    answered = min(max(sample.asked, sample.answered), max(sample.asked, until))
    yield sample.asked, answered
    yield answered, max(answered, until)
