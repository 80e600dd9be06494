"""The record of a run: pure facts in, what every reader of the report gets out."""

from __future__ import annotations

import ast
import json
from typing import Any

import pytest

from pytest_rollback.checks.availability import Availability, AvailabilitySecond
from pytest_rollback.checks.latency import ProbeLatency
from pytest_rollback.evidence.json_data import dump
from pytest_rollback.report.html.page import render
from pytest_rollback.run.record import record, sentence
from pytest_rollback.run.run_record import ManifestRecord, ReleaseRecord, parsed
from pytest_rollback.run.shipped import procedure, title
from tests.architecture.sources import sources
from tests.unit.support.run_facts import STORY, SYSTEM, event, facts, outcome


def test_without_a_decision_there_is_no_clock() -> None:
    """A readiness run has no phases and no minutes."""
    made = record(facts(verdict="READY", events=[STORY[0]]))

    assert (made.phases, made.elapsed, made.margin, made.decided) == (
        (),
        None,
        None,
        None,
    )


THREE = [
    outcome("readiness.a.b", "not met"),
    outcome("readiness.c.d", "inconclusive"),
    outcome("readiness.e.f", "met"),
]
AWAY = [
    outcome("readiness.a.b", "not met", code=7),
    outcome("readiness.c.d", "not reached", code=7),
]
HELD = [outcome("monitor.a.b", "not met", code=12), outcome("monitor.c.d", "not reached")]
BAD = outcome("readiness.g.h", "not met", code=1)


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
        (
            {"verdict": "NOT READY", "outcomes": THREE},
            "NOT READY: 1 of 3 criteria failed, 1 could not run (corner)",
        ),
        (
            {"verdict": "NOT READY", "outcomes": THREE[:1]},
            "NOT READY: 1 of 1 criterion failed (corner)",
        ),
        (
            {"verdict": "NOT RECOVERED", "elapsed": 70.0, "outcomes": THREE, "serious": True},
            "NOT RECOVERED by rollback after 1m10s of 15m00s (corner)",
        ),
        ({"verdict": "NOT READY"}, "NOT READY (corner)"),
        (
            {"verdict": "INCONCLUSIVE", "outcomes": THREE[1:]},
            "INCONCLUSIVE: 1 of 2 criteria could not run (corner)",
        ),
        (
            {"verdict": "REHEARSED", "estimate": (38.4, 23)},
            "REHEARSED: 23 changes in about 0m38s of 15m00s (corner)",
        ),
        ({"verdict": "REHEARSED"}, "REHEARSED (corner)"),
        (
            {"verdict": "NOT READY", "outcomes": THREE[1:], "interrupted": True},
            "NOT READY: interrupted (corner)",
        ),
        (
            {"verdict": "NOT READY", "outcomes": AWAY},
            "NOT READY: the host could not be asked, nothing was evaluated (corner)",
        ),
        (
            {"verdict": "NOT READY", "outcomes": [*AWAY, THREE[2]]},
            "NOT READY: the host could not be asked, 1 of 3 criteria were evaluated (corner)",
        ),
        (
            {"verdict": "NOT STEADY", "outcomes": HELD},
            "NOT STEADY: a rollback is under way, or half done, nothing was evaluated (corner)",
        ),
        (
            {"verdict": "NOT READY", "outcomes": [*AWAY, BAD]},
            "NOT READY: 2 of 3 criteria failed, 1 could not run (corner)",
        ),
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

    assert made.reasons == (
        "drill.a.b [web, till]: it is down",
        "phase isolate took 16m40s, over its 3m00s",
        "the recovery time objective was missed by 1m40s",
        "note",
    )


@pytest.mark.parametrize(
    ("connection", "shown"),
    [
        ("local://", "local://"),
        ("ssh://root@shop1:2222", "ssh://root@shop1:2222"),
        ("ssh://root:hunter2@shop1?ssh_config=/x", "ssh://root@shop1"),
        ("ssh://root:hun//ter2@shop1", "ssh://root@shop1"),
        ("ssh://ann:p@ss@host", "ssh://ann@host"),
    ],
)
def test_a_connection_is_named_without_its_password(connection: str, shown: str) -> None:
    """How the host is reached is worth knowing; how one logs in is not."""
    about = SYSTEM.target.model_copy(update={"connection": connection})
    made = record(facts(system=SYSTEM.model_copy(update={"target": about})))

    assert made.target.connection == shown


def test_where_nothing_else_is_said_not_reached_is() -> None:
    """A run that reached nothing says so."""
    only = [outcome("drill.c.d", "not reached")]

    assert record(facts(verdict="NOT RECOVERED", outcomes=only)).reasons == (
        "drill.c.d: not reached",
    )


def test_only_a_bad_verdict_has_a_way_on() -> None:
    """The command that resumes is not offered to whoever is done."""
    command = "pytest suites/drill --arm=corner"

    assert record(facts(resume=command)).resume is None
    assert record(facts(resume=command, verdict="NOT RECOVERED")).resume == command


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
        ("'Only a quote'.", "Only a quote", "'Only a quote'."),
        ("", "", ""),
    ],
)
def test_the_line_of_the_procedure_is_quoted(doc: str, line: str, rest: str) -> None:
    """What the sentence quotes is the procedure's, the rest is the criterion's own."""
    assert (procedure(doc), title(doc)) == (line, rest)


def test_a_whole_record_is_json_and_makes_a_page() -> None:
    """Everything that the page reads is there, under the names that it reads."""
    users = Availability((AvailabilitySecond(0, 9, 0, 1),), 0.1, 0.0, 10, "here")
    made = record(
        facts(
            events=STORY,
            elapsed=16.0,
            users=users,
            previous=ReleaseRecord("1", "abc"),
            current=ReleaseRecord("2"),
            outcomes=[outcome("validate.x.y", evidence={"p95": 3.2}, findings=("one",))],
            latency=[ProbeLatency("web", "web", (1.0,), limit_ms=100.0)],
            manifest=ManifestRecord("/etc/rollback.toml", "0" * 64),
            incident="INC-1",
        )
    )

    assert parsed(json.loads(json.dumps(dump(made)))) == made
    page = render(made, str)
    for said in ("RECOVERED", "INC-1", "What users got", "validate.x.y", "2026-11-24 12:00:05 UTC"):
        assert said in page
    assert made.versions.keys() >= {"pytest", "pytest-rollback", "python"}
    assert made.decided == "2026-11-24T12:00:05.000+00:00"


def test_response_times_are_those_measured_last() -> None:
    """A probe that readiness has measured, and validation again, is one chart."""
    rows = [
        ProbeLatency("web", "web", p95=1.0),
        ProbeLatency("web", "query", p95=2.0),
        ProbeLatency("web", "web", p95=3.0),
    ]

    assert record(facts(latency=rows)).latency == (rows[1], rows[2])


def test_every_criterion_says_in_its_own_words_what_was_checked() -> None:
    """A reader of the report has more than the quote of the procedure."""
    found = {
        node.name: title((ast.get_docstring(node) or "").splitlines()[0])
        for path, source in sources().items()
        if path.startswith("suites/")
        for node in ast.parse(source).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }

    assert len(found) > 60
    assert {name: said for name, said in found.items() if said[0] in "'." or " " not in said} == {}
