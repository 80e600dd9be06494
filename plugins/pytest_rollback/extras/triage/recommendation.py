"""From the outcomes of triage to one recommendation: the verdict's words and the lines below it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import cast

from pytest_rollback.criteria import Outcome
from pytest_rollback.errors import Refused
from pytest_rollback.extras.triage.rules import FiredRule, gravest
from pytest_rollback.manifest.thresholds import RECOVERIES, Recovery
from pytest_rollback.run.completeness import PARTIAL, Completeness
from pytest_rollback.run.run_record import RecommendationRecord, RuleRecord
from pytest_rollback.text.next_steps import NextSteps
from pytest_rollback.text.quantities import count

CALLS, MEASURED, THRESHOLD, NOTE, ROW = "calls for", "measured", "threshold", "note", "matrix"
"""Names of the evidence that a criterion of triage leaves."""

WHOLE = Completeness()
UNNAMED = "THE FAILED COMPONENT"


@dataclass(frozen=True)
class Advice:
    """What triage recommends, and the outcomes that it comes from: those whose rule fired.

    `completeness` says how much of the triage was evaluated: a part of it finds no system well.
    """

    action: Recovery
    fired: tuple[Outcome, ...]
    unknown: tuple[Outcome, ...]
    row: str = ""
    completeness: Completeness = field(default_factory=Completeness)

    @property
    def is_open(self) -> bool:
        """Whether nothing can be recommended yet: what was evaluated of it calls for nothing."""
        return self.action == "monitor" and not self.completeness.whole

    @property
    def components(self) -> list[str]:
        """The components to isolate: those of the rules that ask for it, or any suspect."""
        asking = [each for each in self.fired if calls(each) == "isolate" and each.component]
        suspects = asking or [each for each in self.fired if each.component]
        return list(dict.fromkeys(str(each.component) for each in suspects))

    @property
    def words(self) -> str:
        """The recommendation as a verdict."""
        if self.is_open:
            return PARTIAL
        names = ", ".join(self.components) or UNNAMED
        return {
            "roll back": "ROLL BACK NOW",
            "isolate": f"ISOLATE {names} FIRST",
            "fix": "FIX IN PLACE",
            "monitor": "MONITOR",
        }[self.action]


def calls(outcome: Outcome) -> Recovery:
    """Return what a rule that fired calls for."""
    return cast("Recovery", outcome.evidence.get(CALLS, "monitor"))


def advice(outcomes: Iterable[Outcome], completeness: Completeness = WHOLE) -> Advice:
    """Return what the criteria of triage recommend together; waived ones say nothing."""
    mine = [each for each in outcomes if each.suite == "triage"]
    spoke = tuple(each for each in mine if each.outcome == "not met" and CALLS in each.evidence)
    against = ("not met", "inconclusive", "not reached")
    silent = tuple(each for each in mine if each.outcome in against and each not in spoke)
    rows = [str(each.evidence[ROW]) for each in mine if ROW in each.evidence]
    action = gravest(map(calls, spoke))
    return Advice(action, spoke, silent, rows[0] if rows else "", completeness)


def recommended(found: Advice, way: NextSteps) -> RecommendationRecord:
    """Return the recommendation as a report states it: rules, gravest first, notes, next steps."""
    graver = sorted(found.fired, key=lambda each: -RECOVERIES.index(calls(each)))
    return RecommendationRecord(
        words=found.words,
        rules=tuple(rule_of(each) for each in graver),
        notes=tuple(notes(found)),
        steps=tuple(next_steps(found, way)),
    )


def rule_of(outcome: Outcome) -> RuleRecord:
    """Return a rule that fired as a report states it."""
    told = outcome.evidence
    return RuleRecord(
        calls_for=calls(outcome),
        id=outcome.identity,
        component=outcome.component,
        measured=str(told[MEASURED]),
        threshold=str(told[THRESHOLD]),
        note=str(told.get(NOTE) or ""),
    )


def notes(found: Advice) -> Iterator[str]:
    """Yield where triggers and matrix of the procedure disagree, and how many rules are unknown."""
    row, _, action = found.row.partition(": ")
    if action and action != found.action and found.action in {"roll back", "isolate"}:
        yield (
            f"note: the procedure's matrix says {action} ({row}), its triggers say "
            f"{found.action}: the more severe action is recommended"
        )
    if not found.completeness.whole:
        yield f"{found.completeness.words} were evaluated: a more severe action may apply"
    if found.unknown:
        unknown = count(len(found.unknown), "rule")
        yield f"{unknown} could not be evaluated (see the criteria): a more severe action may apply"


def next_steps(found: Advice, way: NextSteps) -> Sequence[str]:
    """Return the commands that carry the recommendation out."""
    if found.is_open:
        return [way.rollback("triage")]
    steps: dict[str, Sequence[str]] = {
        "roll back": [] if way.asks else [way.rollback("now")],
        "isolate": [
            *(way.rollback("now", "--isolate", f"--component={each}") for each in found.components),
            f"{way.rollback('triage')}  # check again; roll back if it did not help",
        ],
        "fix": [
            f"{way.rollback('triage')}  # after the fix; roll back if there is none",
        ],
        "monitor": [way.rollback("monitor", "--soak=15m")],
    }
    return steps[found.action]


def called(
    rule: FiredRule | None,
    record_property: Callable[[str, object], None],
    *,
    hint: str,
    findings: Iterable[str] = (),
) -> None:
    """Raise when a rule calls for something; leave what it says as evidence."""
    if rule is None:
        return
    named = {CALLS: rule.action, MEASURED: rule.measured, THRESHOLD: rule.threshold}
    for name, value in {**named, **({NOTE: rule.note} if rule.note else {})}.items():
        record_property(name, value)
    raise Refused(
        f"{rule.measured} (threshold: {rule.threshold}): {rule.action}",
        findings=filter(None, findings),
        hint=hint,
    )
