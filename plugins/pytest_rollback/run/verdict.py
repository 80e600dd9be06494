"""The verdict of a run: its word and its exit code, from how criteria ended and how many did.

A verdict is that of whole suites: with criteria that were not evaluated there is no good one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from pytest_rollback import criteria, errors
from pytest_rollback.criteria import Outcome
from pytest_rollback.errors import RTO_MISSED, Inconclusive, LockHeld, Unreachable
from pytest_rollback.run import completeness
from pytest_rollback.run.completeness import Completeness
from pytest_rollback.text.quantities import count

GOOD: Mapping[str, str] = {
    "triage": "MONITOR",
    "readiness": "READY",
    "drill": "RECOVERED",
    "validate": "RECOVERED",
    "monitor": "STEADY",
    "troubleshooting": "RECOVERED",
}
"""What a suite proves when every criterion of it is met; `NOT` in front when not. Triage alone
ends with what it recommends."""

ISOLATED = "ISOLATED"
"""The good verdict of a drill that goes no further than to stop what fails."""

OBSTACLES = {
    Unreachable.exit_code: "the host could not be asked",
    LockHeld.exit_code: "a rollback is under way, or half done",
}
"""Why nothing can be said of a system, by the exit code of its error."""

INTERRUPTED = 2
"""pytest's exit code after Ctrl-C; ours after SIGTERM and SIGHUP as well."""


@dataclass(frozen=True)
class Judgement:
    """The verdict in one word or two, and the exit code."""

    word: str
    code: int

    @property
    def good(self) -> bool:
        """Whether the suites proved what they are for, if perhaps too late."""
        return self.code in {0, RTO_MISSED}

    @property
    def on_host(self) -> str:
        """How the host's record says that a rollback ended; all but the first two are resumed."""
        if self.good:
            return "isolated" if self.word == ISOLATED else "recovered"
        if self.code == INTERRUPTED:
            return "interrupted"
        unsure = self.code in {errors.PARTIAL, Inconclusive.exit_code}
        return "inconclusive" if unsure else "failed"


@dataclass(frozen=True)
class RunCourse:
    """What a verdict is made of.

    Args:
        outcomes: how every criterion ended.
        completeness: how much of the touched suites was evaluated.
        broken_off: the exit code of what ended the run before its end, such as Ctrl-C; 0 if
            nothing did.
        late: whether the recovery time objective was missed.
        dry: whether it was a rehearsal.
        isolates: whether the drill goes no further than to stop what fails.
        recommended: what a rule of triage calls for; "" where none fired.
        asked: the suites that the command line names.
    """

    outcomes: Sequence[Outcome]
    completeness: Completeness
    broken_off: int = 0
    late: bool = False
    dry: bool = False
    isolates: bool = False
    recommended: str = ""
    asked: Collection[str] = ()

    @property
    def decisive(self) -> list[Outcome]:
        """The outcomes that decide: what triage found is what a drill is for."""
        return [each for each in self.outcomes if each.suite != "triage"] or [*self.outcomes]


def judged(course: RunCourse) -> Judgement:
    """Return the verdict of a run."""
    code = exit_code(course)
    return Judgement(word(course, code), code)


def exit_code(course: RunCourse) -> int:
    """Return the exit code: of the criteria, or of the error that allowed no change."""
    if course.broken_off:
        return course.broken_off
    own = {each.code for each in course.decisive if each.outcome in criteria.AGAINST}
    own -= {0, 1, Inconclusive.exit_code}
    if own:
        return min(own)
    if not course.outcomes:
        return errors.PARTIAL
    code = criteria.exit_code(each.outcome for each in course.decisive)
    if code == 0 and not course.completeness.whole:
        return errors.PARTIAL
    return RTO_MISSED if code == 0 and course.late else code


def word(course: RunCourse, code: int) -> str:
    """Return READY, RECOVERED, STEADY, their opposites, what triage recommends, or INCONCLUSIVE."""
    suites = {each.suite for each in course.outcomes} or course.asked
    last = next((each for each in reversed(list(GOOD)) if each in suites), "readiness")
    if last == "triage" and course.recommended:
        return course.recommended
    if code == errors.PARTIAL:
        return completeness.PARTIAL
    if code == Inconclusive.exit_code or (last == "triage" and code):
        return "INCONCLUSIVE"
    if course.dry and code == 0:
        return "REHEARSED"
    good = ISOLATED if course.isolates else GOOD[last]
    return good if code in {0, RTO_MISSED} else f"NOT {good}"


def against(outcomes: Sequence[Outcome]) -> str:
    """Return how many criteria failed, and how many could not run; or that no host was asked."""
    every = f"of {count(len(outcomes), 'criterion', 'criteria')}"
    if obstacle := obstacle_of(outcomes):
        met = sum(each.outcome not in criteria.AGAINST for each in outcomes)
        which = f"{met} {every} were" if met else "nothing was"
        return f"{obstacle}, {which} evaluated"
    failed = sum(each.outcome == criteria.AGAINST[0] for each in outcomes)
    unknown = sum(each.outcome in criteria.AGAINST[1:] for each in outcomes)
    if not failed:
        return f"{unknown} {every} could not run"
    return f"{failed} {every} failed" + (f", {unknown} could not run" if unknown else "")


def obstacle_of(outcomes: Sequence[Outcome]) -> str:
    """Return what prevented all that stands against the verdict; "" where something failed."""
    bad = [each for each in outcomes if each.outcome in criteria.AGAINST]
    codes = {each.code for each in bad if each.outcome != "not reached"}
    return OBSTACLES.get(codes.pop(), "") if len(codes) == 1 else ""
