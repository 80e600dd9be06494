"""The decision of triage: total, monotone, and the procedure's own at every threshold."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_rollback.criteria import Outcome
from pytest_rollback.extras.triage.recommendation import (
    CALLS,
    MEASURED,
    ROW,
    THRESHOLD,
    advice,
    recommended,
)
from pytest_rollback.extras.triage.rules import (
    IncidentCase,
    Symptoms,
    decide,
    fired,
    row_of,
)
from pytest_rollback.extras.triage.rules import backups as of_backups
from pytest_rollback.extras.triage.stated import Stated
from pytest_rollback.manifest.thresholds import RECOVERIES, Severity, Triage
from pytest_rollback.plugin.terminal import recommended as shown
from pytest_rollback.run.completeness import Completeness
from pytest_rollback.text.next_steps import next_steps

NAMES = ("web", "till", "cellar")
FINE = dict.fromkeys(NAMES, Symptoms())
DOWN = Symptoms(down=True)
CALM = IncidentCase(critical=frozenset({"web"}), components=FINE, felt=0.0)

shares = st.one_of(st.sampled_from([0.0, 0.1, 0.25, 0.5, 1.0]), st.floats(0, 20, allow_nan=False))
parts = st.one_of(st.sampled_from([0.0, 0.1, 0.25, 0.5, 1.0]), st.floats(0, 1, allow_nan=False))
waits = st.one_of(st.sampled_from([0.0, 60.0, 300.0]), st.floats(0, 9000, allow_nan=False))
symptoms = st.builds(
    Symptoms,
    slower=shares,
    lost=parts,
    down=st.booleans(),
    restarts=st.booleans(),
    errors=st.integers(0, 9),
)
stated = st.builds(
    Stated,
    impact=st.none() | parts,
    downtime=st.none() | waits,
    security=st.booleans(),
    corruption=st.booleans(),
)
rules = st.builds(
    lambda pair, cascade: Triage(degraded=f"{pair[1]}%", tolerated=f"{pair[0]}%", cascade=cascade),  # type: ignore[arg-type]
    st.tuples(st.integers(0, 99), st.integers(0, 100)).map(sorted),
    st.integers(2, 4),
)
cases = st.builds(
    IncidentCase,
    rules=rules,
    critical=st.frozensets(st.sampled_from(NAMES)),
    components=st.fixed_dictionaries(dict.fromkeys(NAMES, symptoms)),
    felt=st.none() | parts,
    stated=stated,
    database=st.sampled_from(["", "down"]),
    backups=st.sampled_from(["", "altered"]),
)


def worst(one: Any, other: Any) -> Any:  # noqa: ANN401 - any two values of one field
    """Return the worse of two values; what is not known is better than anything known."""
    if one is None or other is None:
        return one if other is None else other
    return max(one, other)


def worse(one: IncidentCase, other: IncidentCase) -> IncidentCase:
    """Return a case that is in every way at least as bad as the first one."""
    components = {
        name: Symptoms(
            **{
                key: worst(value, getattr(other.components[name], key))
                for key, value in vars(one.components[name]).items()
            }
        )
        for name in NAMES
    }
    told = {
        key: worst(value, getattr(other.stated, key)) for key, value in vars(one.stated).items()
    }
    return replace(
        one,
        critical=one.critical | other.critical,
        components=components,
        felt=worst(one.felt, other.felt),
        stated=Stated(**told),
        database=one.database or other.database,
        backups=one.backups or other.backups,
    )


@given(cases)
def test_the_decision_is_total(case: IncidentCase) -> None:
    """Whatever was found and stated, there is one recommendation; every rule says why."""
    assert decide(case) in RECOVERIES
    assert all(each.measured and each.threshold for each in fired(case))
    assert bool(list(fired(case))) == (decide(case) != "monitor")


@given(cases, cases)
def test_worse_is_never_milder(one: IncidentCase, other: IncidentCase) -> None:
    """The decision is monotone in everything that it is made of."""
    grave, before = decide(worse(one, other)), decide(one)

    assert RECOVERIES.index(grave) >= RECOVERIES.index(before)


def hurt(name: str, **how: Any) -> IncidentCase:  # noqa: ANN401 - a field of the symptoms
    """Return the calm case with one component that is not well."""
    return replace(CALM, components={**FINE, name: Symptoms(**how)})


AT: list[tuple[IncidentCase, str]] = [
    (CALM, "monitor"),
    (hurt("web", slower=0.25), "monitor"),
    (hurt("web", slower=0.26), "fix"),
    (hurt("web", slower=0.50), "fix"),
    (hurt("web", slower=0.51), "roll back"),
    (hurt("till", slower=0.51), "isolate"),
    (hurt("till", lost=0.51), "isolate"),
    (hurt("till", down=True), "isolate"),
    (hurt("web", down=True), "roll back"),
    (hurt("till", restarts=True), "isolate"),
    (hurt("web", errors=1), "fix"),
    (replace(CALM, components={**FINE, "till": DOWN, "cellar": DOWN}), "roll back"),
    (replace(CALM, components={**FINE, "till": DOWN, "cellar": Symptoms(slower=9)}), "roll back"),
    (replace(CALM, felt=0.51), "roll back"),
    (replace(CALM, felt=0.50), "isolate"),
    (replace(CALM, felt=0.10), "isolate"),
    (replace(CALM, felt=0.09), "fix"),
    (replace(CALM, stated=Stated(impact=0.3)), "isolate"),
    (replace(CALM, stated=Stated(downtime=299.0)), "isolate"),
    (replace(CALM, stated=Stated(downtime=301.0)), "roll back"),
    (replace(CALM, stated=Stated(downtime=59.0)), "fix"),
    (replace(CALM, stated=Stated(impact=0.0, downtime=0.0)), "monitor"),
    (replace(CALM, stated=Stated(security=True)), "roll back"),
    (replace(CALM, stated=Stated(corruption=True)), "roll back"),
    (replace(CALM, database="no answer"), "fix"),
    (replace(CALM, backups="2 copies are altered"), "fix"),
]  # fmt: skip


@pytest.mark.parametrize(("case", "wanted"), AT)
def test_every_threshold_is_the_procedures(case: IncidentCase, wanted: str) -> None:
    """On both sides of each number of its two lists and its matrix."""
    assert decide(case) == wanted


def test_where_the_procedure_is_silent_it_is_said() -> None:
    """Between 25 and 50 % severity decides, and the note names its row."""
    case = replace(hurt("web", slower=0.4), stated=Stated(impact=0.2))
    (silent,) = [each for each in fired(case) if "no rule" in each.note]

    assert "between 25% and 50%" in silent.note
    assert "(high)" in silent.note
    assert decide(case) == "isolate"


def test_where_the_procedure_contradicts_itself_it_is_said() -> None:
    """One critical component alone; columns that disagree."""
    notes = [each.note for each in fired(hurt("web", down=True))]
    assert "'Individual component issues' asks for isolation" in notes[0]
    columns = replace(CALM, stated=Stated(impact=0.2, downtime=400.0))
    assert ["rows (critical and high)" in each.note for each in fired(columns)] == [True]


def test_a_value_that_no_row_holds_calls_for_nothing() -> None:
    """A matrix that ends early is the user's own; the other rules go on."""
    short = Triage(
        severities=(Severity(name="bad", impact="> 50%", downtime="> 1m", action="roll back"),)
    )

    assert row_of(replace(CALM, rules=short)) is None
    assert decide(replace(CALM, rules=short)) == "monitor"


def outcome(identity: str, action: str = "", component: str | None = None, **more: Any) -> Outcome:  # noqa: ANN401
    """Return how a criterion of triage ended."""
    evidence = {CALLS: action, MEASURED: "much", THRESHOLD: "little"} if action else {}
    word = more.pop("word", "not met" if action else "met")
    return Outcome(identity, component, word, "", 0.0, evidence={**evidence, **more})


UP, LOGS, ROWS = "triage.components.up", "triage.logs.clean", "triage.severity.low"
ADVICE: list[tuple[list[Outcome], str]] = [
    ([outcome(UP)], "MONITOR"),
    ([outcome(UP, "isolate", "p2p"), outcome(LOGS, "fix", "web")], "ISOLATE p2p FIRST"),
    ([outcome(UP, "isolate", "p2p"), outcome(LOGS, "roll back", "web")], "ROLL BACK NOW"),
    ([outcome(ROWS, "isolate"), outcome(LOGS, "fix", "web")], "ISOLATE web FIRST"),
    ([outcome(ROWS, "isolate")], "ISOLATE THE FAILED COMPONENT FIRST"),
    ([outcome(LOGS, "fix", "web")], "FIX IN PLACE"),
    ([outcome(UP, "roll back", "web", word="waived")], "MONITOR"),
    ([outcome("validate.health.answers", "roll back")], "MONITOR"),
]


@pytest.mark.parametrize(("outcomes", "words"), ADVICE)
def test_outcomes_become_one_recommendation(outcomes: list[Outcome], words: str) -> None:
    """The gravest rule counts, what is waived or of another suite does not."""
    assert advice(outcomes).words == words


def test_a_part_of_triage_recommends_no_monitor() -> None:
    """What was evaluated calls for nothing: PARTIAL; for something: that, and more may follow."""
    part = Completeness(11, 16, ("triage.logs.clean",))
    calm = recommended(advice([outcome(UP)], part), next_steps(()))
    mild = recommended(advice([outcome(UP, "monitor")], part), next_steps(()))
    ill = recommended(advice([outcome(UP, "isolate", "p2p")], part), next_steps(()))

    assert (calm.words, mild.words, ill.words) == ("PARTIAL", "PARTIAL", "ISOLATE p2p FIRST")
    assert [step.split()[1:] for step in calm.steps] == [["triage"]]
    assert "11 of 16 criteria were evaluated: a more severe action may apply" in ill.notes


def test_the_lines_say_everything() -> None:
    """Rules with measured value and threshold, contradiction, what is unknown, what to do."""
    found = advice(
        [
            outcome(UP, "isolate", "p2p", note="silent"),
            outcome(ROWS, matrix="medium: fix"),
            outcome(LOGS, word="inconclusive"),
        ]
    )
    said = "\n".join(shown(recommended(found, next_steps(("--incident", "INC-1")))))

    assert "isolate: triage.components.up [p2p]\n  measured: much; threshold: little" in said
    assert "note: silent" in said
    assert "matrix says fix (medium), its triggers say isolate" in said
    assert "1 rule could not be evaluated" in said
    isolate = "rollback now --isolate --component=p2p --incident=INC-1"
    assert re.search(rf"^now: \S*{isolate}$", said, re.MULTILINE)
    assert found.row == "medium: fix"
    assert ROW == "matrix"


def test_an_unfinished_rollback_goes_on_with_what_it_has_used() -> None:
    """The words are not those of a rollback that is refused."""
    fired = of_backups(replace(CALM, backups="1 fault in the backup set", unfinished=True))

    assert fired is not None
    assert fired.note.startswith("a rollback is unfinished: the same command goes on")
