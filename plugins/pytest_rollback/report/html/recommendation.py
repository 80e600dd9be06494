"""What triage recommends: every rule that fired, where the procedure is silent, what to do now."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pytest_rollback.report.html.reader import Excerpt, some

if TYPE_CHECKING:
    from pytest_rollback.report.html.reader import Row

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


def rule(row: Row) -> RuleView:
    """Return one rule as it is shown."""
    calls = row.text("calls for", 40)
    return RuleView(
        calls=calls,
        tone=TONES.get(calls, "idle"),
        name=row.text("id", 120),
        component=row.text("component", 80),
        measured=row.text("measured", 600),
        threshold=row.text("threshold", 600),
        note=row.text("note", 600),
    )


def advice(record: Row) -> RecommendationView | None:
    """Return the recommendation, or None where triage was not asked."""
    row = record.row("advice")
    words = row.text("words", 120)
    if not words:
        return None
    first = some(row.rows("rules"), record.limits.items)
    rules = Excerpt(tuple(rule(each) for each in first.shown), first.left)
    return RecommendationView(words, rules, row.texts("notes"), row.texts("steps"))
