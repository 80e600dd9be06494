"""The record of a run: pure facts in, what every reader of the report gets out."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollback.criteria import Outcome
from rollback.manifest import parse
from rollback.model import PHASES
from rollback.record import Facts, phases, procedure, record, sentence, title
from rollback.report import render
from rollback.tally import Users

NOON = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)
SYSTEM = parse(
    {
        "system": {"name": "shop", "root": "/srv/shop", "state": "/var/lib/rollback/shop"},
        "target": {"name": "corner", "connection": "local://"},
        "components": [{"name": "web", "unit": "web", "health": "web"}],
        "probes": {"web": {"tcp": "127.0.0.1:1"}},
    },
    "test",
)


def outcome(identity: str, result: str = "met", **more: Any) -> Outcome:  # noqa: ANN401
    """Return how one criterion ended."""
    return Outcome(identity, more.pop("component", None), result, "It is so.", 0.5, **more)


def facts(**more: Any) -> Facts:  # noqa: ANN401
    """Return the facts of a run of which nothing is known but these."""
    plain = Facts(SYSTEM, "r1", "ann@ops1", "RECOVERED", NOON, NOON + dt.timedelta(seconds=60))
    return replace(plain, **more)


def event(kind: str, offset: float, phase: str = "", **more: object) -> dict[str, Any]:
    """Return one event of a timeline."""
    where = {"phase": phase} if phase else {}
    return {"event": kind, "offset": offset, "at": "2026-11-24T12:00:05.000+00:00", **where, **more}


def change(offset: float, phase: str, what: str, seconds: float) -> list[dict[str, Any]]:
    """Return the events of one change."""
    where = {"action": f"{phase} it", "what": what}
    return [
        event("begin", offset, phase, **where, why="it was not so"),
        event("end", offset + seconds, phase, **where),
        event("took", offset + seconds, phase, **where, seconds=seconds),
    ]


STORY = [
    event("criterion", 3.0, "files", id="readiness.x.y", outcome="met", seconds=0.1),
    event("decided", 5.0),
    event("action", 5.0, "prepare", action="snapshot"),
    *change(5.5, "prepare", "save configuration", 0.5),
    event("done", 6.2, "prepare", action="snapshot"),
    event("action", 7.0, "isolate", action="isolate components"),
    *change(7.0, "isolate", "stop web", 2.0),
    *change(9.0, "isolate", "stop web", 0.25),
    event("done", 9.5, "isolate", action="isolate components"),
    event("action", 10.0, "files", action="restore files"),
    *change(10.0, "files", "restore a", 1.0),
    event("done", 11.0, "files", action="restore files"),
    event("action", 12.0, "services", action="start services"),
    event("done", 12.5, "services", action="start services"),
    event("criterion", 21.0, "validate", id="validate.x.y", outcome="met", seconds=1.0),
]


def by_name(found: list[dict[str, Any]]) -> Mapping[str, dict[str, Any]]:
    """Return phases by their names."""
    return {each["name"]: each for each in found}


def test_phases_share_the_time_since_the_decision() -> None:
    """Each lasts until the next begins, the last until the last criterion."""
    found = by_name(phases(facts(events=STORY, elapsed=16.0)))

    spans = {name: (each["begin"], each["seconds"]) for name, each in found.items()}
    assert list(found) == list(PHASES)
    assert spans == {
        "prepare": (0.0, 2.0),
        "isolate": (2.0, 3.0),
        "files": (5.0, 2.0),
        "configuration": (None, None),
        "services": (7.0, 8.0),
        "validate": (15.0, 1.0),
    }
    assert found["configuration"]["state"] == "not reached"
    assert {found[name]["state"] for name in ("prepare", "files", "validate")} == {"done"}


def test_a_criterion_does_not_begin_before_what_it_asked_for() -> None:
    """With only the last criterion chosen, its time holds every action; they have their own."""
    last = event("criterion", 21.0, "validate", id="drill.x.y", outcome="met", seconds=15.9)
    found = by_name(phases(facts(events=[*STORY[1:-1], last], elapsed=16.0)))

    assert (found["validate"]["begin"], found["validate"]["seconds"]) == (7.5, 8.5)
    assert found["services"]["seconds"] == 0.5


def test_the_first_phase_begins_with_the_decision() -> None:
    """What goes before its first event is its own as well."""
    found = by_name(phases(facts(events=[event("decided", 3.0), *STORY[2:]], elapsed=18.0)))

    assert (found["prepare"]["begin"], found["prepare"]["seconds"]) == (0.0, 4.0)


def test_changes_keep_what_why_and_how_long() -> None:
    """The same change twice is two changes; each has its own time."""
    found = by_name(phases(facts(events=STORY, elapsed=16.0)))

    assert found["isolate"]["changes"] == [
        {"what": "stop web", "why": "it was not so", "seconds": 2.0},
        {"what": "stop web", "why": "it was not so", "seconds": 0.25},
    ]
    assert found["services"]["changes"] == []


@pytest.mark.parametrize(
    ("more", "state"),
    [
        ({"events": STORY[:9]}, "failed"),
        ({"events": [*STORY[:11], event("failed", 9.4, "isolate", action="x")]}, "failed"),
        ({"events": [*STORY[:9], event("advisory", 9, "isolate", action="isolate it")]}, "done"),
        ({"outcomes": [outcome("drill.a.b", "not met", phase="isolate")]}, "failed"),
        ({"outcomes": [outcome("drill.a.b", "inconclusive", phase="isolate")]}, "failed"),
        ({"outcomes": [outcome("drill.a.b", "waived", phase="isolate")]}, "done"),
        ({"outcomes": [outcome("readiness.a.b", "not met", phase="isolate")]}, "done"),
        (
            {"events": [*STORY[:8], event("done", 200.0, "isolate")], "elapsed": 195.0},
            "over budget",
        ),
    ],
)
def test_a_phase_is_judged(more: dict[str, Any], state: str) -> None:
    """A change without an end, a failed action or criterion fails it; late is its own word."""
    found = by_name(phases(facts(**{"events": STORY, "elapsed": 16.0, **more})))

    assert found["isolate"]["state"] == state


def test_a_criterion_that_was_not_reached_reaches_no_phase() -> None:
    """Its event is no sign that the phase began."""
    late = event("criterion", 9.0, "services", id="drill.a.b", outcome="not reached", seconds=0)
    found = by_name(phases(facts(events=[*STORY[:9], late], elapsed=4.0)))

    assert found["services"]["state"] == "not reached"


def test_without_a_decision_there_is_no_clock() -> None:
    """A readiness run has no phases and no minutes."""
    made = record(facts(verdict="READY", events=[STORY[0]]))

    assert (made["phases"], made["elapsed"], made["margin"], made["decided"]) == (
        [],
        None,
        None,
        None,
    )


THREE = [
    outcome("readiness.a.b", "not met"),
    outcome("readiness.c.d", "inconclusive"),
    outcome("readiness.e.f", "met"),
]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"elapsed": 41.2, "demonstration": True}, "RECOVERED in 0m41s of 15m00s (corner)"),
        (
            {"elapsed": 970.0},
            "RECOVERED in 16m10s of 15m00s (corner), 1m10s too late",
        ),
        (
            {"verdict": "NOT RECOVERED", "elapsed": 70.0, "outcomes": THREE},
            "NOT RECOVERED after 1m10s of 15m00s (corner)",
        ),
        ({"verdict": "READY", "outcomes": THREE[2:]}, "READY (corner)"),
        ({"verdict": "NOT READY", "outcomes": THREE}, "NOT READY: 2 of 3 criteria (corner)"),
        ({"verdict": "NOT READY", "outcomes": THREE[:1]}, "NOT READY: 1 of 1 criterion (corner)"),
        ({"verdict": "NOT READY"}, "NOT READY (corner)"),
        (
            {"verdict": "INCONCLUSIVE", "outcomes": THREE[1:]},
            "INCONCLUSIVE: 1 of 2 criteria (corner)",
        ),
        (
            {"verdict": "REHEARSED", "estimate": (38.4, 23)},
            "REHEARSED: 23 changes in about 0m38s of 15m00s (corner)",
        ),
        ({"verdict": "REHEARSED"}, "REHEARSED (corner)"),
    ],
)
def test_the_verdict_is_one_sentence(more: dict[str, Any], said: str) -> None:
    """It names the minutes, or how many criteria stand against it, and the target."""
    assert sentence(facts(**more)) == said


def test_reasons_are_said_once() -> None:
    """The same of two components is one line; what follows from another is left out."""
    against = [
        outcome("drill.a.b", "not met", component="web", message="it is down\nand more"),
        outcome("drill.a.b", "not met", component="till", message="it is down"),
        outcome("drill.c.d", "not reached", message="it is down"),
        outcome("drill.e.f", "met"),
    ]
    long = [event("decided", 0.0), event("action", 0.0, "isolate", action="x")]
    made = record(
        facts(
            verdict="NOT RECOVERED", outcomes=against, events=long, elapsed=1000.0, notes=("note",)
        )
    )

    assert made["reasons"] == [
        "drill.a.b [web, till]: it is down",
        "phase isolate took 16m40s of its 3m00s",
        "the recovery time objective was missed by 1m40s",
        "note",
    ]


def test_where_nothing_else_is_said_not_reached_is() -> None:
    """A run that reached nothing says so."""
    only = [outcome("drill.c.d", "not reached")]

    assert record(facts(verdict="NOT RECOVERED", outcomes=only))["reasons"] == [
        "drill.c.d: not reached"
    ]


def test_only_a_bad_verdict_has_a_way_on() -> None:
    """The command that resumes is not offered to whoever is done."""
    command = "pytest suites/drill --arm=corner"

    assert record(facts(resume=command))["resume"] is None
    assert record(facts(resume=command, verdict="NOT RECOVERED"))["resume"] == command


@pytest.mark.parametrize(
    ("doc", "line", "rest"),
    [
        ("'Verify isolation': no unit runs.", "Verify isolation", "No unit runs."),
        ('"Verify isolation": no unit runs.', "Verify isolation", "No unit runs."),
        ("'A', 'B': each answers.", "A; B", "Each answers."),
        ("'A' and 'B': each answers.", "A; B", "Each answers."),
        (
            "The unit's log says 'no error' at all.",
            "no error",
            "The unit's log says 'no error' at all.",
        ),
        ("The unit's files, and the users' page.", "", "The unit's files, and the users' page."),
        ("'The system's state': it is kept.", "The system's state", "It is kept."),
        ("'Only a quote'", "Only a quote", "'Only a quote'"),
        ("", "", ""),
    ],
)
def test_the_line_of_the_procedure_is_quoted(doc: str, line: str, rest: str) -> None:
    """What the sentence quotes is the procedure's, the rest is the criterion's own."""
    assert (procedure(doc), title(doc)) == (line, rest)


def test_a_whole_record_is_json_and_makes_a_page() -> None:
    """Everything that the page reads is there, under the names that it reads."""
    backups = {"previous": {"name": "1", "commit": "abc"}, "current": {"name": "2", "commit": None}}
    users = Users(({"second": 0, "up": 9, "maintenance": 0, "error": 1},), 0.1, 0.0, 10, "here")
    made = record(
        facts(
            events=STORY,
            elapsed=16.0,
            users=users,
            backups=backups,
            outcomes=[outcome("validate.x.y", evidence={"p95": 3.2}, findings=("one",))],
            latency=[{"probe": "web", "component": "web", "samples_ms": [1.0], "limit_ms": 100.0}],
            manifest={"path": "/etc/rollback.toml", "sha256": "0" * 64},
            incident="INC-1",
        )
    )

    assert json.loads(json.dumps(made)) == made
    page = render(made)
    for said in ("RECOVERED", "INC-1", "What users got", "validate.x.y", "2026-11-24 12:00:05 UTC"):
        assert said in page
    assert made["versions"].keys() >= {"pytest", "pytest-rollback", "python"}
    assert made["decided"] == "2026-11-24T12:00:05.000+00:00"


Events = st.lists(
    st.builds(
        event,
        st.sampled_from(["begin", "end", "took", "done", "failed", "action", "criterion"]),
        st.floats(0, 2000),
        st.sampled_from([*PHASES, ""]),
        action=st.just("a"),
        what=st.just("w"),
        seconds=st.floats(0, 10),
        outcome=st.sampled_from(["met", "not met", "not reached"]),
    ),
    max_size=20,
)


@given(Events, st.floats(0, 100), st.none() | st.floats(0, 2000))
def test_no_timeline_is_a_reason_to_have_no_record(
    events: list[dict[str, Any]], start: float, elapsed: float | None
) -> None:
    """Whatever was written, phases have no negative time and none is done that never began."""
    ordered = sorted([event("decided", start), *events], key=lambda each: each["offset"])
    for each in phases(facts(events=ordered, elapsed=elapsed)):
        assert (each["begin"] is None) == (each["state"] == "not reached")
        assert each["seconds"] is None or each["seconds"] >= 0
