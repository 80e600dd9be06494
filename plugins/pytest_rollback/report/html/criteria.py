"""The criteria of a run, by suite: what was asked, what came out, and how to mend it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from pytest_rollback.report.html.presenter import Excerpt, finite, some
from pytest_rollback.text.quantities import OUTCOMES, span

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_rollback.report.html.presenter import Presenter
    from pytest_rollback.run.run_record import CriterionRecord, RunRecord

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
        """Return whether it needs attention."""
        return self.tone in ("bad", "doubt")


class Suite(NamedTuple):
    """The criteria of one suite, those that need attention first; many met ones are folded."""

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


def outcome(row: CriterionRecord) -> str:
    """Return a known outcome; an unknown one counts as inconclusive."""
    return row.outcome if row.outcome in OUTCOMES else "inconclusive"


def counts(rows: Iterable[CriterionRecord]) -> dict[str, int]:
    """Return the number of criteria by outcome, worst first, without zeros."""
    counted = Counter(outcome(row) for row in rows)
    return {name: counted[name] for name in ORDER if counted[name]}


def criterion(row: CriterionRecord, present: Presenter) -> CriterionView:
    """Return one criterion as it is shown."""
    result = outcome(row)
    return CriterionView(
        id=present.text(row.id, 120),
        component=present.text(row.component, 80),
        phase=present.text(row.phase, 40),
        outcome=result,
        tone=OUTCOMES[result],
        title=present.text(row.title, 300),
        procedure=present.text(row.procedure, 1000),
        seconds=span(finite(row.seconds)),
        message=present.text(row.message),
        hint=present.text(row.hint),
        findings=present.texts(row.findings),
        evidence=present.pairs(row.evidence),
        nodeid=present.text(row.nodeid, 300),
    )


def suite(name: str, rows: list[CriterionRecord], present: Presenter) -> Suite:
    """Return one suite; a criterion that is not met comes before one that is."""
    ordered = sorted(rows, key=lambda row: ORDER.index(outcome(row)))
    first = some(ordered, present.limits.rows)
    shown = Excerpt(tuple(criterion(row, present) for row in first.shown), first.left)
    return Suite(name or "other", shown, counts(rows), len(rows))


def suites(record: RunRecord, present: Presenter) -> tuple[Suite, ...]:
    """Return the suites in the order in which an operator runs them."""
    groups: dict[str, list[CriterionRecord]] = {name: [] for name in SUITES}
    for row in record.criteria:
        groups.setdefault(present.text(row.suite, 40), []).append(row)
    found = [(name, rows) for name, rows in groups.items() if rows]
    return tuple(suite(name, rows, present) for name, rows in found[: present.limits.items])
