"""The phases of a run: how long each took, against its budget, and what it changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pytest_rollback.report.html.presenter import Excerpt, finite, some
from pytest_rollback.text.quantities import PHASES, clock, percent, span

if TYPE_CHECKING:
    from pytest_rollback.report.html.presenter import Presenter
    from pytest_rollback.run.phases import PhaseRecord
    from pytest_rollback.run.run_record import RunRecord

STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)
TICKS = 5
"""Intervals at most: at 400 pixels their labels still stand apart."""
LANE = 46


class AxisTick(NamedTuple):
    """A line of the time axis; which side of it has room for its label."""

    x: str
    label: str
    anchor: str


class Bar(NamedTuple):
    """A piece of a lane, in per cent of its width."""

    x: str
    width: str


class ChangeView(NamedTuple):
    """One thing that altered the host."""

    what: str
    why: str
    seconds: str


class Phase(NamedTuple):
    """One lane of the chart and one row of the table; `tone` colours it."""

    name: str
    state: str
    tone: str
    spent: str
    share: str
    y: int
    bar: Bar | None
    shadow: Bar | None
    beyond: bool
    over: Bar | None
    changes: Excerpt[ChangeView]
    total: int


class TimelineView(NamedTuple):
    """The chart of all phases and the bar of the whole against the RTO."""

    phases: tuple[Phase, ...]
    ticks: tuple[AxisTick, ...]
    height: int
    used: str
    limit: str
    late: bool


def ticks(end: float) -> tuple[AxisTick, ...]:
    """Return at most six lines over so many seconds, at round times."""
    fitting = [step for step in STEPS if end / step <= TICKS]
    step = fitting[0] if fitting else end / TICKS
    marks = [step * index for index in range(int(end / step) + 1)]
    return tuple(AxisTick(percent(at / end), clock(at), side(at / end)) for at in marks)


def side(share: float) -> str:
    """Return how a label is anchored so that it stays inside."""
    if share < 0.04:  # noqa: PLR2004 - half a label's width
        return "start"
    return "end" if share > 0.96 else "middle"  # noqa: PLR2004 - half a label's width


def piece(begin: float, end: float, whole: float) -> Bar:
    """Return a bar from one second to another, wide enough to be seen."""
    share = max(0.004, (min(end, whole) - begin) / whole)
    return Bar(percent(min(begin / whole, 0.996)), percent(share))


def changes(phase: PhaseRecord, present: Presenter) -> Excerpt[ChangeView]:
    """Return the first changes of a phase."""
    first = some(phase.changes, present.limits.items)
    shown = [
        ChangeView(
            present.text(each.what, 600), present.text(each.why, 600), span(finite(each.seconds))
        )
        for each in first.shown
    ]
    return Excerpt(tuple(shown), first.left)


def spent(took: float | None, budget: float | None) -> str:
    """Return the time a phase took beside the time it has."""
    if budget is None:
        return span(took)
    return f"budget {clock(budget)}" if took is None else f"{span(took)} of {clock(budget)}"


def lane(phase: PhaseRecord, index: int, whole: float, present: Presenter) -> Phase:
    """Return one phase as it is drawn and listed."""
    budget, took, begin = map(finite, (phase.budget, phase.seconds, phase.begin))
    drawn = begin is not None and took is not None
    start, lasted, allowed = begin or 0.0, took or 0.0, budget or 0.0
    late = drawn and budget is not None and lasted > allowed
    state = present.text(phase.state, 40)
    return Phase(
        name=present.text(phase.name, 40),
        state="over budget" if late and state == "done" else state,
        tone="doubt" if late and state == "done" else PHASES.get(state, "idle"),
        spent=spent(took, budget),
        share=f"{100 * lasted / allowed:,.0f} %" if allowed and took is not None else "",
        y=index * LANE,
        bar=piece(start, start + lasted, whole) if drawn else None,
        shadow=piece(start, start + allowed, whole) if drawn and allowed else None,
        beyond=drawn and start + allowed > whole * 1.001,
        over=piece(start + allowed, start + lasted, whole) if late else None,
        changes=changes(phase, present),
        total=len(phase.changes),
    )


def timeline(record: RunRecord, present: Presenter) -> TimelineView:
    """Return the phases of a run on one axis: from the decision to its last second."""
    rows = record.phases[: present.limits.rows]
    ends = [(finite(row.begin) or 0) + (finite(row.seconds) or 0) for row in rows]
    elapsed, rto = finite(record.elapsed) or 0.0, finite(record.rto) or 0.0
    whole = max([elapsed, *ends]) or rto or 1.0
    full = max(elapsed, rto) or 1.0
    lanes = tuple(lane(row, index, whole, present) for index, row in enumerate(rows))
    late = rto < elapsed
    return TimelineView(
        phases=lanes,
        ticks=ticks(whole),
        height=len(lanes) * LANE,
        used=percent(elapsed / full),
        limit=percent(rto / full),
        late=late and rto > 0,
    )
