"""The page of all runs: which drill is due, how times develop, and every run with its verdict."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from pytest_rollback.report.html.page import document, fill
from pytest_rollback.report.html.presenter import Presenter, finite, some
from pytest_rollback.text.quantities import VERDICTS, clock, moment, percent, span

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_rollback.evidence.json_data import Json
    from pytest_rollback.report.run_summary import RunSummary

Value = TypeVar("Value")

DAY = 86400.0
MOST_RUNS, MOST_BARS = 500, 40
HEIGHT = 120


class DrillDue(NamedTuple):
    """One kind of drill: when it last succeeded, and whether the next is due."""

    where: str
    scenario: str
    last: str
    age: str
    limit: str
    state: str
    tone: str


class TableColumn(NamedTuple):
    """One rollback in a chart, in per cent of it."""

    x: str
    width: str
    y: str
    height: str
    tone: str
    words: str


class Trend(NamedTuple):
    """How long rollbacks of one target took, and users got nothing."""

    where: str
    columns: tuple[TableColumn, ...]
    outages: tuple[TableColumn, ...]
    limit: str
    latest: str
    best: str
    worst: str
    outage: str


class RunRow(NamedTuple):
    """One run in the list."""

    run: str
    when: str
    where: str
    demonstration: bool
    suites: str
    verdict: str
    tone: str
    afterwards: tuple[str, ...]
    took: str
    outage: str
    incident: str
    report: str
    archive: str


def render(rows: Sequence[RunSummary], now: dt.datetime) -> str:
    """Return the page of all runs, the latest first."""
    piece = fill(
        "all_runs.html",
        runs=some((listed(row) for row in reversed(rows)), MOST_RUNS),
        debts=tuple(debts(rows, now)),
        trends=tuple(trends(rows)),
        total=len(rows),
        now=moment(now.isoformat()),
    )
    return document("All runs", [piece])


def text(value: Json, most: int) -> str:
    """Return a value as a text of so many letters at most; what is listed holds no secret."""
    return Presenter(str).text(value, most)


def where(row: RunSummary) -> str:
    """Return which system a run was about, and where."""
    names = (text(row.system, 80), text(row.target, 80))
    return " on ".join(filter(None, names)) or "unknown"


def listed(row: RunSummary) -> RunRow:
    """Return one run as it is listed."""
    run, verdict = text(row.run, 80), text(row.verdict, 60) or "INCONCLUSIVE"
    elapsed, rto, outage = map(finite, (row.elapsed, row.rto, row.outage_seconds))
    return RunRow(
        run=run,
        when=moment(text(row.started, 40)),
        where=where(row),
        demonstration=row.demonstration,
        suites=", ".join(Presenter(str).texts(row.told).shown),
        verdict=verdict,
        tone=VERDICTS.get(verdict, "doubt"),
        afterwards=tuple(re.split(r"\W", each)[0] for each in row.afterwards),
        took="" if elapsed is None else f"{clock(elapsed)} of {clock(rto)}",
        outage="" if outage is None else span(outage),
        incident=text(row.incident, 80),
        report=f"{run}/report.html" if row.report else "",
        archive=f"{run}.tar.gz" if row.archive else "",
    )


def kinds(rows: Iterable[RunSummary]) -> dict[tuple[str, str], list[RunSummary]]:
    """Return the drills of each target and scenario, the oldest first.

    A target of somebody's own that was never drilled is one that owes a drill.
    """
    found: dict[tuple[str, str], list[RunSummary]] = {}
    for row in rows:
        drill = "drill" in row.suites
        if drill:
            found.setdefault((where(row), text(row.scenario, 80)), []).append(row)
        elif row.system and not row.demonstration:
            found.setdefault((where(row), ""), []).append(row)
    return found


def debts(rows: Iterable[RunSummary], now: dt.datetime) -> Iterable[DrillDue]:
    """Yield each kind of drill with its age, the most urgent first."""
    found = [debt(*kind, each, now) for kind, each in kinds(rows).items()]
    return sorted(found, key=lambda each: (each.tone == "good", each.where, each.scenario))


def debt(place: str, scenario: str, rows: Sequence[RunSummary], now: dt.datetime) -> DrillDue:
    """Return one kind of drill."""
    limit = finite(rows[-1].max_age) or 90 * DAY
    good = [row for row in rows if row.drilled]
    last = next((at for row in reversed(good) if (at := ended(row))), None)
    age = None if last is None else (now - last).total_seconds()
    state, tone = "in time", "good"
    if age is None:
        state, tone = "never succeeded", "bad"
    elif age > limit:
        state, tone = f"overdue by {days(age - limit)}", "bad"
    elif is_changed(good[-1], rows[-1]):
        state, tone = "rollback.toml was changed after the drill", "doubt"
    return DrillDue(
        where=place,
        scenario=scenario,
        last=moment(last.isoformat()) if last else "",
        age="" if age is None else days(age),
        limit=days(limit),
        state=state,
        tone=tone,
    )


def is_changed(good: RunSummary, last: RunSummary) -> bool:
    """Return whether a system is described otherwise since; a sandbox is, each time it starts."""
    same = good.manifest == last.manifest
    return not same and not last.demonstration


def ended(row: RunSummary) -> dt.datetime | None:
    """Return when a run ended."""
    try:
        at = dt.datetime.fromisoformat(row.finished or "")
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=dt.UTC)


def days(seconds: float) -> str:
    """Return a time in days."""
    number = int(seconds // DAY)
    return "less than a day" if number < 1 else f"{number} day{'s' if number > 1 else ''}"


def trends(rows: Iterable[RunSummary]) -> Iterable[Trend]:
    """Yield a chart for each target with two rollbacks or more."""
    places: dict[str, list[RunSummary]] = {}
    for row in rows:
        if finite(row.elapsed) is not None and "drill" in row.suites:
            places.setdefault(where(row), []).append(row)
    return [trend(place, each[-MOST_BARS:]) for place, each in places.items() if len(each) > 1]


def trend(place: str, rows: Sequence[RunSummary]) -> Trend:
    """Return the chart of one target."""
    took = [finite(row.elapsed) or 0.0 for row in rows]
    lost = [finite(row.outage_seconds) for row in rows]
    rto = finite(rows[-1].rto)
    known = [each for each in lost if each is not None]
    whole = max(*took, *known, 1e-3) * 1.05
    return Trend(
        where=place,
        columns=tuple(column(row, n, each, rows, whole) for n, (row, each) in pairs(rows, took)),
        outages=tuple(
            column(row, n, each, rows, whole)
            for n, (row, each) in pairs(rows, lost)
            if each is not None
        ),
        limit=percent(1 - rto / whole) if rto is not None and rto <= whole else "",
        latest=f"{clock(took[-1])} of {clock(rto)}",
        best=clock(min(took)),
        worst=clock(max(took)),
        outage=span(known[-1]) if known else "not measured",
    )


def pairs(
    rows: Sequence[RunSummary], values: Sequence[Value]
) -> Iterable[tuple[int, tuple[RunSummary, Value]]]:
    """Yield rows with their values and their places."""
    return enumerate(zip(rows, values, strict=True))


def column(
    row: RunSummary, place: int, value: float, rows: Sequence[RunSummary], whole: float
) -> TableColumn:
    """Return one bar: how long a run took, or how long users got nothing."""
    share = value / whole
    verdict = text(row.verdict, 60)
    wide = max(len(rows), 12)
    return TableColumn(
        x=percent(1 - (len(rows) - place - 0.1) / wide),
        width=percent(0.8 / wide),
        y=percent(1 - share),
        height=percent(share),
        tone=VERDICTS.get(verdict, "doubt"),
        words=f"{moment(text(row.started, 40))}: {span(value)}, {verdict}",
    )
