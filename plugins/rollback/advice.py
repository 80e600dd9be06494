"""From the outcomes of triage to one recommendation: the verdict's words and the lines below it."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import cast

from rollback.criteria import Outcome
from rollback.incident import RECOVERIES, Recovery
from rollback.triage import gravest

CALLS, MEASURED, THRESHOLD, NOTE, ROW = "calls for", "measured", "threshold", "note", "matrix"
"""Names of the evidence that a criterion of triage leaves."""

UNNAMED = "THE FAILED COMPONENT"


@dataclass(frozen=True)
class Advice:
    """What triage recommends, and the outcomes that it comes from: those whose rule fired."""

    action: Recovery
    fired: tuple[Outcome, ...]
    unknown: tuple[Outcome, ...]
    row: str = ""

    @property
    def components(self) -> list[str]:
        """The components to isolate: those of the rules that ask for it, or any suspect."""
        asking = [each for each in self.fired if calls(each) == "isolate" and each.component]
        suspects = asking or [each for each in self.fired if each.component]
        return list(dict.fromkeys(str(each.component) for each in suspects))

    @property
    def words(self) -> str:
        """The recommendation as a verdict."""
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


def advice(outcomes: Iterable[Outcome]) -> Advice:
    """Return what the criteria of triage recommend together; waived ones say nothing."""
    mine = [each for each in outcomes if each.suite == "triage"]
    spoke = tuple(each for each in mine if each.outcome == "not met" and CALLS in each.evidence)
    against = ("not met", "inconclusive", "not reached")
    silent = tuple(each for each in mine if each.outcome in against and each not in spoke)
    rows = [str(each.evidence[ROW]) for each in mine if ROW in each.evidence]
    return Advice(gravest(map(calls, spoke)), spoke, silent, rows[0] if rows else "")


def lines(found: Advice, target: str) -> Iterator[str]:
    """Yield the recommendation with every rule that fired, gravest first, and what to do now."""
    graver = sorted(found.fired, key=lambda each: -RECOVERIES.index(calls(each)))
    for each in graver:
        where = f" [{each.component}]" if each.component else ""
        yield f"{calls(each)}: {each.identity}{where}"
        yield f"  measured: {each.evidence[MEASURED]}; threshold: {each.evidence[THRESHOLD]}"
        if each.evidence.get(NOTE):
            yield f"  note: {each.evidence[NOTE]}"
    if not found.fired:
        yield "no rule fired"
    yield from contradiction(found)
    if found.unknown:
        count = len(found.unknown)
        yield f"at least this: {count} of the rules could not be looked at (below)"
    yield ""
    yield from next_steps(found, target)


def contradiction(found: Advice) -> Iterator[str]:
    """Yield where the procedure's list of triggers and its matrix do not say the same."""
    row, _, action = found.row.partition(": ")
    if action and action != found.action and found.action in {"roll back", "isolate"}:
        yield (
            f"note: the procedure's matrix alone says {action} ({row}), its triggers say "
            f"{found.action}: the graver of both is recommended"
        )


def next_steps(found: Advice, target: str) -> Iterator[str]:
    """Yield the commands that carry the recommendation out."""
    arm = shlex.quote(f"--arm={target}")
    steps: dict[str, Sequence[str]] = {
        "roll back": [f"pytest suites/drill suites/validate {arm}"],
        "isolate": [
            *(f"pytest suites/drill -m isolate --component {c} {arm}" for c in found.components),
            "pytest suites/triage  # again; roll back if that was not enough",
        ],
        "fix": ["pytest suites/triage  # once it is fixed; schedule a rollback if it cannot be"],
        "monitor": ["pytest suites/monitor --soak=15m"],
    }
    for step in steps[found.action]:
        yield f"now: {step}"
