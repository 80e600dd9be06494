"""Response times: one histogram for each probe, on a logarithmic axis with its limit."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from pytest_rollback.report.html.presenter import Excerpt, finite, some
from pytest_rollback.text.quantities import milliseconds, percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_rollback.checks.latency import ProbeLatency
    from pytest_rollback.report.html.presenter import Presenter
    from pytest_rollback.run.run_record import RunRecord

BINS = 48
HEIGHT = 84.0
LEAST = 0.01
LABEL = 0.16
"""The width of a label, as a share of the narrowest axis there is."""
ROUND = tuple(step * 10**power for power in range(-2, 6) for step in (1, 2, 5))


class HistogramColumn(NamedTuple):
    """One bar of the histogram; `slow` when it is beyond the limit."""

    x: str
    width: str
    y: str
    height: str
    slow: bool


class ValueLine(NamedTuple):
    """A vertical line: what it marks, where, and its value in words."""

    name: str
    kind: str
    x: str
    value: str


class Axis(NamedTuple):
    """A logarithmic axis between two times in milliseconds."""

    low: float
    high: float

    def at(self, value: float) -> float:
        """Return where a time lies, from 0 to 1."""
        share = math.log(max(value, self.low) / self.low) / math.log(self.high / self.low)
        return min(1.0, share)


class ProbeView(NamedTuple):
    """The response times of one probe."""

    name: str
    component: str
    columns: tuple[HistogramColumn, ...]
    lines: tuple[ValueLine, ...]
    ticks: tuple[tuple[str, str], ...]
    samples: int
    slowest: str
    overhead: str
    tone: str
    height: float = HEIGHT


def axis(values: Sequence[float]) -> Axis:
    """Return an axis on which all these times are seen."""
    shown = [max(LEAST, value) for value in values]
    return Axis(min(shown) / 1.3, max(shown) * 1.3)


def columns(
    samples: Sequence[float], scale: Axis, limit: float | None
) -> tuple[HistogramColumn, ...]:
    """Return the histogram's bars, the highest as high as the chart."""
    counted = Counter(min(BINS - 1, int(scale.at(sample) * BINS)) for sample in samples)
    most = max(counted.values(), default=1)
    edge = BINS if limit is None else scale.at(limit) * BINS
    return tuple(
        HistogramColumn(
            x=percent(place / BINS),
            width=percent(0.86 / BINS),
            y=f"{HEIGHT - HEIGHT * number / most:.1f}",
            height=f"{HEIGHT * number / most:.1f}",
            slow=place >= edge,
        )
        for place, number in sorted(counted.items())
    )


class Marks(NamedTuple):
    """The finite times that a probe's chart marks, in milliseconds."""

    p50: float | None
    p95: float | None
    baseline: float | None
    limit: float | None

    @property
    def known(self) -> list[float]:
        """Those that are known."""
        return [each for each in self if each is not None]


def marks_of(row: ProbeLatency) -> Marks:
    """Return what a probe's chart marks."""
    return Marks(*map(finite, (row.p50, row.p95, row.baseline_p95, row.limit_ms)))


def value_lines(marks: Marks, scale: Axis) -> tuple[ValueLine, ...]:
    """Return the lines of a probe: percentiles, baseline and limit, as far as they are known."""
    names = (("p50", "p50"), ("p95", "p95"), ("baseline p95", "baseline"), ("limit", "limit"))
    return tuple(
        ValueLine(name, kind, percent(scale.at(value)), milliseconds(value))
        for (name, kind), value in zip(names, marks, strict=True)
        if value is not None
    )


def scale_ticks(scale: Axis) -> tuple[tuple[str, str], ...]:
    """Return the round times on an axis, none too near to another or to an end to be read."""
    wanted: list[tuple[float, float]] = []
    before = LABEL / 2 - LABEL  # so that the first label stays inside as well
    for value in ROUND:
        at = scale.at(value)
        if scale.low < value and before + LABEL < at < 1 - LABEL / 2:
            wanted.append((at, value))
            before = at
    return tuple((percent(at), milliseconds(value)) for at, value in wanted)


def probe(row: ProbeLatency, present: Presenter) -> ProbeView:
    """Return one probe's chart."""
    samples = [each for each in map(finite, row.samples_ms) if each is not None]
    marks = marks_of(row)
    scale = axis([*samples, *marks.known] or [1.0])
    slow = marks.limit is not None and marks.p95 is not None and marks.p95 > marks.limit
    return ProbeView(
        name=present.text(row.probe, 80),
        component=present.text(row.component, 80),
        columns=columns(samples, scale, marks.limit),
        lines=value_lines(marks, scale),
        ticks=scale_ticks(scale),
        samples=len(samples),
        slowest=milliseconds(finite(row.max)),
        overhead=milliseconds(finite(row.overhead_ms)),
        tone="bad" if slow else "good",
    )


def probes(record: RunRecord, present: Presenter) -> Excerpt[ProbeView]:
    """Return the charts of all probes."""
    first = some(record.latency, min(48, present.limits.rows))
    return Excerpt(tuple(probe(row, present) for row in first.shown), first.left)
