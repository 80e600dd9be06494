"""What triage recommends: every rule that fired, where the procedure is silent, what to do now."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pytest_rollback.report.html.reader import Some, some

if TYPE_CHECKING:
    from pytest_rollback.report.html.reader import Row

TONES = {"roll back": "bad", "isolate": "doubt", "fix": "doubt", "monitor": "good"}


class Rule(NamedTuple):
    """One rule that fired: what it calls for, and the value that is beyond its threshold."""

    calls: str
    tone: str
    name: str
    component: str
    measured: str
    threshold: str
    note: str


class Advice(NamedTuple):
    """The recommendation."""

    words: str
    rules: Some[Rule]
    notes: Some[str]
    steps: Some[str]


def rule(row: Row) -> Rule:
    """Return one rule as it is shown."""
    calls = row.text("calls for", 40)
    return Rule(
        calls=calls,
        tone=TONES.get(calls, "idle"),
        name=row.text("id", 120),
        component=row.text("component", 80),
        measured=row.text("measured", 600),
        threshold=row.text("threshold", 600),
        note=row.text("note", 600),
    )


def advice(record: Row) -> Advice | None:
    """Return the recommendation, or None where triage was not asked."""
    row = record.row("advice")
    words = row.text("words", 120)
    if not words:
        return None
    first = some(row.rows("rules"), record.limits.items)
    rules = Some(tuple(rule(each) for each in first.shown), first.left)
    return Advice(words, rules, row.texts("notes"), row.texts("steps"))
