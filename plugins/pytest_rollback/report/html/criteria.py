"""The criteria of a run, by suite: what was asked, what came out, and how to mend it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from pytest_rollback.report.html.reader import Excerpt, some
from pytest_rollback.text.quantities import OUTCOMES, span

if TYPE_CHECKING:
    from pytest_rollback.report.html.reader import Row

SUITES = ("triage", "readiness", "drill", "validate", "monitor", "troubleshooting")
ORDER = list(OUTCOMES)
FOLDED = 20
"""Met criteria of one suite that are shown without being asked for."""


class CriterionView(NamedTuple):
    """One criterion for one component, or for the whole system."""

    id: str
    component: str
    phase: str
    outcome: str
    tone: str
    title: str
    procedure: str
    seconds: str
    message: str
    hint: str
    findings: Excerpt[str]
    evidence: Excerpt[tuple[str, str]]
    nodeid: str

    @property
    def open(self) -> bool:
        """Tell whether somebody has to read it."""
        return self.tone in ("bad", "doubt")


class Suite(NamedTuple):
    """The criteria of one suite, those that need somebody first; many met ones are folded."""

    name: str
    criteria: Excerpt[CriterionView]
    counts: dict[str, int]
    total: int

    @property
    def folded(self) -> tuple[CriterionView, ...]:
        """The met criteria, when they are too many to be read past."""
        met = tuple(each for each in self.criteria.shown if each.outcome == "met")
        return met if len(met) > FOLDED else ()

    @property
    def plain(self) -> tuple[CriterionView, ...]:
        """The criteria that are not folded."""
        if not self.folded:
            return self.criteria.shown
        return tuple(each for each in self.criteria.shown if each.outcome != "met")


def outcome(row: Row) -> str:
    """Return an outcome of ours; whatever else stands there was not conclusive."""
    found = row.text("outcome", 40)
    return found if found in OUTCOMES else "inconclusive"


def counts(rows: list[Row]) -> dict[str, int]:
    """Return how many criteria have each outcome, worst first, without those nobody has."""
    counted = Counter(outcome(row) for row in rows)
    return {name: counted[name] for name in ORDER if counted[name]}


def criterion(row: Row) -> CriterionView:
    """Return one criterion as it is shown."""
    result = outcome(row)
    return CriterionView(
        id=row.text("id", 120),
        component=row.text("component", 80),
        phase=row.text("phase", 40),
        outcome=result,
        tone=OUTCOMES[result],
        title=row.text("title", 300),
        procedure=row.text("procedure", 1000),
        seconds=span(row.number("seconds")),
        message=row.text("message"),
        hint=row.text("hint"),
        findings=row.texts("findings"),
        evidence=row.pairs("evidence"),
        nodeid=row.text("nodeid", 300),
    )


def suite(name: str, rows: list[Row]) -> Suite:
    """Return one suite; a criterion that is not met comes before one that is."""
    ordered = sorted(rows, key=lambda row: ORDER.index(outcome(row)))
    first = some(ordered, rows[0].limits.rows)
    shown = Excerpt(tuple(criterion(row) for row in first.shown), first.left)
    return Suite(name or "other", shown, counts(rows), len(rows))


def suites(record: Row) -> tuple[Suite, ...]:
    """Return the suites in the order in which an operator runs them."""
    groups: dict[str, list[Row]] = {name: [] for name in SUITES}
    for row in record.rows("criteria"):
        groups.setdefault(row.text("suite", 40), []).append(row)
    found = [(name, rows) for name, rows in groups.items() if rows]
    return tuple(suite(name, rows) for name, rows in found[: record.limits.items])
