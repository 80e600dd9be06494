"""What triage recommends: every rule that fired, where the procedure is silent, what to do now."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pytest_rollback.report.html.presenter import Excerpt, some

if TYPE_CHECKING:
    from pytest_rollback.report.html.presenter import Presenter
    from pytest_rollback.run.run_record import RuleRecord, RunRecord

TONES = {"roll back": "bad", "isolate": "doubt", "fix": "doubt", "monitor": "good"}


class RuleView(NamedTuple):
    """One rule that fired: what it calls for, and the value that is beyond its threshold."""

    calls: str
    tone: str
    name: str
    component: str
    measured: str
    threshold: str
    note: str


class RecommendationView(NamedTuple):
    """The recommendation."""

    words: str
    rules: Excerpt[RuleView]
    notes: Excerpt[str]
    steps: Excerpt[str]


def rule(row: RuleRecord, present: Presenter) -> RuleView:
    """Return one rule as it is shown."""
    calls = present.text(row.calls_for, 40)
    return RuleView(
        calls=calls,
        tone=TONES.get(calls, "idle"),
        name=present.text(row.id, 120),
        component=present.text(row.component, 80),
        measured=present.text(row.measured, 600),
        threshold=present.text(row.threshold, 600),
        note=present.text(row.note, 600),
    )


def advice(record: RunRecord, present: Presenter) -> RecommendationView | None:
    """Return the recommendation, or None where triage was not asked."""
    found = record.advice
    words = present.text(found.words, 120) if found else ""
    if found is None or not words:
        return None
    first = some(found.rules, present.limits.items)
    rules = Excerpt(tuple(rule(each, present) for each in first.shown), first.left)
    return RecommendationView(words, rules, present.texts(found.notes), present.texts(found.steps))
