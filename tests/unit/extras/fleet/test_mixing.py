"""May both releases serve at once: only what was seen, or is declared and has not expired."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from pytest_rollback.extras.fleet.once.mixing import KNOWN, RUNS, Mixing, mixing
from pytest_rollback.manifest.fleet import Accepted, Fleet, Mixed
from pytest_rollback.manifest.load import load
from pytest_rollback.run.run_record import CriterionRecord, RunRecord

SHIPPED = load(Path(__file__).parents[4] / "rollback.toml").system
TODAY = dt.date(2026, 12, 1)
SEEN = {"previous release": {"when": "today"}}
SAID = Accepted(owner="ann", reason="only adds", until=TODAY)
PAST = SAID.model_copy(update={"until": TODAY - dt.timedelta(1)})


def row(name: str, outcome: str, **evidence: Any) -> CriterionRecord:  # noqa: ANN401 - any value
    """Return a criterion of the record of a host."""
    return CriterionRecord(id=name, outcome=outcome, message=f"{outcome} it is", evidence=evidence)


def judged(
    *rows: CriterionRecord,
    schema: Accepted | None = None,
    sessions: Accepted | None = SAID,
    data: bool = True,
) -> Mixing:
    """Return what is said of a fleet of which one host has such a record."""
    fleet = Fleet(hosts=("h1",), mixed=Mixed(schema_=schema, sessions=sessions))
    told = {"fleet": fleet, **({} if data else {"database": None})}
    return mixing(SHIPPED.model_copy(update=told), "h1", RunRecord(criteria=rows), TODAY)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([row(RUNS, "met", **SEEN)], f"the previous release was seen to run on it ({RUNS})"),
        (
            [row(KNOWN, "met", migrations={"alembic": "4 applied, last 3f"})],
            f"the previous release knows all its migrations ({KNOWN})",
        ),
        (
            [row(RUNS, "met", **SEEN), row(KNOWN, "inconclusive")],
            f"the previous release was seen to run on it ({RUNS})",
        ),
    ],
)
def test_what_a_host_has_proven_needs_no_declaration(
    rows: list[CriterionRecord], said: str
) -> None:
    """And it is told where it was seen."""
    found = judged(*rows)
    assert found.against == ()
    assert found.accepted[0] == f"schema: {said}, on h1"


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [row(RUNS, "inconclusive")],
        [row(RUNS, "waived", **SEEN)],
        [row(RUNS, "met")],
        [row(RUNS, "not reached")],
        [row(KNOWN, "met", migrations="of no tool that is known, or the dump is restored")],
        [row(KNOWN, "met", migrations={})],
        [row(KNOWN, "met", migrations={"alembic": "0 applied, last None"})],
        [row(KNOWN, "waived", migrations={"alembic": "4 applied, last 3f"})],
    ],
)
def test_what_shows_nothing_has_to_be_declared(rows: list[CriterionRecord]) -> None:
    """In the open, and until a day; it stands in the record with name and reason."""
    assert judged(*rows).against[0].startswith("schema: ")
    assert judged(*rows, schema=PAST).against[0].endswith("which has expired: only adds")
    found = judged(*rows, schema=SAID)
    assert found.against == ()
    said = "schema: accepted by both, says ann until 2026-12-01: only adds"
    assert found.accepted[0] == said


def test_what_was_seen_to_fail_no_declaration_excuses() -> None:
    """It is newer than what somebody thought."""
    found = judged(row(RUNS, "not met"), schema=SAID)
    assert found.against == (f"schema: {RUNS} on h1: not met it is",)
    assert found.why.startswith("both releases would serve at once: schema")


def test_sessions_are_declared_where_there_is_a_database() -> None:
    """Nothing shows them; without a database nobody has to say anything, and may."""
    seen = row(RUNS, "met", **SEEN)
    found = judged(seen, sessions=None)
    assert found.against == ("sessions: nobody has declared that both accept them",)
    assert judged(seen, sessions=PAST).why
    assert judged(data=False, sessions=None) == Mixing()
    assert judged(data=False).accepted == (
        "sessions: accepted by both, says ann until 2026-12-01: only adds",
    )
    assert judged(data=False, sessions=PAST).why
