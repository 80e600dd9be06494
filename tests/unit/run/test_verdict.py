"""The verdict and the exit code, from outcomes and from how many there are."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_rollback.criteria import OUTCOMES
from pytest_rollback.run.completeness import Completeness
from pytest_rollback.run.record import FINE, record, sentence
from pytest_rollback.run.verdict import GOOD, Judgement, RunCourse, judged
from tests.unit.support.run_facts import facts, outcome

LESS = Completeness(11, 16, ("readiness.a.b", "readiness.c.d [web]"))
MET, NOT, DARK = (
    outcome("readiness.a.b", each, code=code)
    for each, code in (("met", 0), ("not met", 1), ("inconclusive", 10))
)


def course(*outcomes: str, suite: str = "readiness", **more: object) -> RunCourse:
    """Return the course of a run, whole unless something else is said."""
    codes = {"not met": 1, "inconclusive": 10}
    rows = [outcome(f"{suite}.a.b", each, code=codes.get(each, 0)) for each in outcomes]
    return replace(RunCourse(rows, Completeness()), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("run", "whole", "less"),
    [
        (course("met"), ("READY", 0), ("PARTIAL", 14)),
        (course("met", "not met"), ("NOT READY", 1), ("NOT READY", 1)),
        (course("met", "inconclusive"), ("INCONCLUSIVE", 10), ("INCONCLUSIVE", 10)),
        (course("met", suite="triage"), ("MONITOR", 0), ("PARTIAL", 14)),
        (course("inconclusive", suite="triage"), ("INCONCLUSIVE", 10), ("INCONCLUSIVE", 10)),
        (
            course("not met", suite="triage", recommended="ROLL BACK NOW"),
            ("ROLL BACK NOW", 1),
            ("ROLL BACK NOW", 1),
        ),
        (course("met", suite="drill", late=True), ("RECOVERED", 11), ("PARTIAL", 14)),
        (course("met", suite="drill", isolates=True), ("ISOLATED", 0), ("PARTIAL", 14)),
        (course("met", suite="drill", dry=True), ("REHEARSED", 0), ("PARTIAL", 14)),
        (course("met", broken_off=2), ("NOT READY", 2), ("NOT READY", 2)),
        (course(broken_off=2, asked=["drill"]), ("NOT RECOVERED", 2), ("NOT RECOVERED", 2)),
        (course(), ("PARTIAL", 14), ("PARTIAL", 14)),
    ],
)
def test_less_than_the_whole_is_no_good_verdict(
    run: RunCourse, whole: tuple[str, int], less: tuple[str, int]
) -> None:
    """What is bad stays so; what is good is partial."""
    assert judged(run) == Judgement(*whole)
    assert judged(replace(run, completeness=LESS)) == Judgement(*less)


@given(
    st.lists(st.sampled_from(OUTCOMES)),
    st.sampled_from(list(GOOD)),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
def test_a_part_never_has_a_good_verdict(
    outcomes: list[str],
    suite: str,
    late: bool,  # noqa: FBT001 - hypothesis gives it
    dry: bool,  # noqa: FBT001
    isolates: bool,  # noqa: FBT001
) -> None:
    """Whatever the outcomes and the options are."""
    run = course(*outcomes, suite=suite, late=late, dry=dry, isolates=isolates, completeness=LESS)
    found = judged(run)

    assert found.word not in FINE
    assert found.code not in {0, 11}


@pytest.mark.parametrize(
    ("verdict", "outcomes", "said"),
    [
        ("PARTIAL", [MET], "PARTIAL (web): 11 of 16 criteria were evaluated (corner)"),
        (
            "NOT READY",
            [MET, NOT],
            "NOT READY (web): 1 of 2 criteria failed (corner) (11 of 16 criteria evaluated)",
        ),
        (
            "INCONCLUSIVE",
            [DARK],
            (
                "INCONCLUSIVE (web): 1 of 1 criterion could not run (corner)"
                " (11 of 16 criteria evaluated)"
            ),
        ),
    ],
)
def test_the_sentence_says_how_much(verdict: str, outcomes: list[object], said: str) -> None:
    """And for which components; the reasons and the record name what is missing."""
    about = facts(verdict=verdict, outcomes=outcomes, completeness=LESS, scope=("web",))
    made = record(about)

    assert sentence(about) == made.sentence == said
    assert made.not_evaluated == LESS.missing
    assert "not evaluated: readiness.a.b, readiness.c.d [web]" in made.reasons
