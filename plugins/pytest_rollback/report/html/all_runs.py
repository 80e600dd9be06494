"""The page of all runs: which drill is due, how times develop, and every run with its verdict."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_rollback.report.html.page import document, fill
from pytest_rollback.report.html.reader import Row, some
from pytest_rollback.text.quantities import VERDICTS, clock, moment, percent, span

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

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
    took: str
    outage: str
    incident: str
    report: str
    archive: str


def render(runs: Sequence[Mapping[str, Any]], now: dt.datetime) -> str:
    """Return the page of all runs, the latest first."""
    rows = [Row(each, str) for each in runs]
    piece = fill(
        "all_runs.html",
        runs=some((listed(row) for row in reversed(rows)), MOST_RUNS),
        debts=tuple(debts(rows, now)),
        trends=tuple(trends(rows)),
        total=len(rows),
        now=moment(now.isoformat()),
    )
    return document("All runs", [piece])


def where(row: Row) -> str:
    """Return which system a run was about, and where."""
    names = (row.text("system", 80), row.text("target", 80))
    return " on ".join(filter(None, names)) or "unknown"


def listed(row: Row) -> RunRow:
    """Return one run as it is listed."""
    run, verdict = row.text("run", 80), row.text("verdict", 60) or "INCONCLUSIVE"
    elapsed, rto = row.number("elapsed"), row.number("rto")
    return RunRow(
        run=run,
        when=moment(row.text("started", 40)),
        where=where(row),
        demonstration=row.flag("demonstration"),
        suites=", ".join(row.texts("suites").shown),
        verdict=verdict,
        tone=VERDICTS.get(verdict, "doubt"),
        took="" if elapsed is None else f"{clock(elapsed)} of {clock(rto)}",
        outage="" if row.number("outage_seconds") is None else span(row.number("outage_seconds")),
        incident=row.text("incident", 80),
        report=f"{run}/report.html" if row.flag("report") else "",
        archive=f"{run}.tar.gz" if row.flag("archive") else "",
    )


def kinds(rows: Iterable[Row]) -> dict[tuple[str, str], list[Row]]:
    """Return the drills of each target and scenario, the oldest first.

    A target of somebody's own that was never drilled is one that owes a drill.
    """
    found: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        drill = "drill" in row.texts("suites").shown
        if drill:
            found.setdefault((where(row), row.text("scenario", 80)), []).append(row)
        elif row.text("system", 80) and not row.flag("demonstration"):
            found.setdefault((where(row), ""), []).append(row)
    return found


def debts(rows: Iterable[Row], now: dt.datetime) -> Iterable[DrillDue]:
    """Yield each kind of drill with its age, the most urgent first."""
    found = [debt(*kind, each, now) for kind, each in kinds(rows).items()]
    return sorted(found, key=lambda each: (each.tone == "good", each.where, each.scenario))


def debt(place: str, scenario: str, rows: Sequence[Row], now: dt.datetime) -> DrillDue:
    """Return one kind of drill."""
    limit = rows[-1].number("max_age") or 90 * DAY
    good = [row for row in rows if row.flag("drilled")]
    last = next((at for row in reversed(good) if (at := ended(row))), None)
    age = None if last is None else (now - last).total_seconds()
    state, tone = "in time", "good"
    if age is None:
        state, tone = "never succeeded", "bad"
    elif age > limit:
        state, tone = f"overdue by {days(age - limit)}", "bad"
    elif is_changed(good[-1], rows[-1]):
        state, tone = "rollback.toml has changed since", "doubt"
    return DrillDue(
        where=place,
        scenario=scenario,
        last=moment(last.isoformat()) if last else "",
        age="" if age is None else days(age),
        limit=days(limit),
        state=state,
        tone=tone,
    )


def is_changed(good: Row, last: Row) -> bool:
    """Tell whether a system is described otherwise since; a sandbox is, each time it starts."""
    same = good.text("manifest", 80) == last.text("manifest", 80)
    return not same and not last.flag("demonstration")


def ended(row: Row) -> dt.datetime | None:
    """Return when a run ended."""
    try:
        at = dt.datetime.fromisoformat(row.text("finished", 40))
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=dt.UTC)


def days(seconds: float) -> str:
    """Return a time in days."""
    number = int(seconds // DAY)
    return "less than a day" if number < 1 else f"{number} day{'s' if number > 1 else ''}"


def trends(rows: Iterable[Row]) -> Iterable[Trend]:
    """Yield a chart for each target with two rollbacks or more."""
    places: dict[str, list[Row]] = {}
    for row in rows:
        if row.number("elapsed") is not None and "drill" in row.texts("suites").shown:
            places.setdefault(where(row), []).append(row)
    return [trend(place, each[-MOST_BARS:]) for place, each in places.items() if len(each) > 1]


def trend(place: str, rows: Sequence[Row]) -> Trend:
    """Return the chart of one target."""
    took = [row.number("elapsed") or 0.0 for row in rows]
    lost = [row.number("outage_seconds") for row in rows]
    rto = rows[-1].number("rto")
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


def pairs(rows: Sequence[Row], values: Sequence[Any]) -> Iterable[tuple[int, tuple[Row, Any]]]:
    """Yield rows with their values and their places."""
    return enumerate(zip(rows, values, strict=True))


def column(row: Row, place: int, value: float, rows: Sequence[Row], whole: float) -> TableColumn:
    """Return one bar: how long a run took, or how long users got nothing."""
    share = value / whole
    verdict = row.text("verdict", 60)
    wide = max(len(rows), 12)
    return TableColumn(
        x=percent(1 - (len(rows) - place - 0.1) / wide),
        width=percent(0.8 / wide),
        y=percent(1 - share),
        height=percent(share),
        tone=VERDICTS.get(verdict, "doubt"),
        words=f"{moment(row.text('started', 40))}: {span(value)}, {verdict}",
    )
