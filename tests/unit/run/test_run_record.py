"""The record as a file: the same keys as ever, read strictly or as far as a damaged one goes."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytest_rollback.evidence.collect import CollectedEvidence
from pytest_rollback.evidence.json_data import dump
from pytest_rollback.evidence.redaction import Redactor
from pytest_rollback.run.phases import PhaseRecord
from pytest_rollback.run.run_record import (
    REQUIRED,
    ChecklistEntry,
    RecommendationRecord,
    RuleRecord,
    RunRecord,
    parsed,
    redacted,
    salvaged,
)
from tests.unit.support.report_records import full

KEYS = (
    *("run", "verdict", "sentence", "reasons", "system", "target", "incident", "operator"),
    *("started", "decided", "finished", "rto", "elapsed", "margin", "previous", "current"),
    *("advice", "resume", "phases", "users", "users_asked_from", "users_problem"),
    *("outage_seconds", "maintenance_seconds", "criteria", "not_evaluated"),
    *("not_applicable", "latency"),
    *("checklist", "evidence", "afterwards"),
    *("scenario", "max_age", "versions", "manifest", "agent_sha256", "round_trips"),
    *("data", "kind"),
)
"""The keys of report.json in their order; other programs read them, so none is ever renamed."""


def test_the_keys_of_the_file_stay() -> None:
    """In their order, with the names that are no names of fields."""
    data = dump(RunRecord(checklist=(ChecklistEntry("List", "Item"),)))

    assert tuple(data) == KEYS
    assert data["checklist"] == [
        {"list": "List", "item": "Item", "key": "", "state": "not checked", "by": []}
    ]
    assert "calls for" in dump(RuleRecord("isolate"))


def test_a_part_that_a_run_does_not_have_is_an_empty_object() -> None:
    """Nobody asked triage, and nothing was brought from the host."""
    without = dump(RunRecord())
    known = RunRecord(advice=RecommendationRecord("MONITOR"), evidence=CollectedEvidence("ff"))

    assert (without["advice"], without["evidence"]) == ({}, {})
    assert salvaged(without) == RunRecord()
    assert salvaged(json.loads(json.dumps(dump(known)))) == known


def test_what_is_not_damaged_is_kept() -> None:
    """A wrong value costs itself, a wrong row costs that row, and nothing else."""
    data = full() | {"rto": "soon", "verdict": None, "round_trips": [1]}
    data["phases"] = [7, {"name": "files", "seconds": True, "changes": [{"what": "a"}, None]}]
    found = salvaged(data)

    assert (found.rto, found.verdict, found.round_trips) == (None, "", 0)
    assert [(each.name, each.seconds) for each in found.phases] == [("files", None)]
    assert [each.what for each in found.phases[0].changes] == ["a"]
    assert found.criteria == salvaged(full()).criteria


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (7, "it is not a JSON object"),
        ({}, "it has no criteria, finished, operator"),
        ({"rto": "soon"}, "rto: Input should be a valid number"),
        ({"phases": [{}, {"seconds": True}]}, r"phases\.1\.seconds: Input should be a valid"),
        ({"target": []}, "target: Input should be a dictionary"),
    ],
)
def test_a_strict_reader_says_what_is_wrong(data: Any, why: str) -> None:  # noqa: ANN401
    """In one line, with the first place."""
    whole = {**dump(RunRecord()), **data} if data and isinstance(data, dict) else data

    with pytest.raises(ValueError, match=f"^{why}") as caught:
        parsed(whole)
    assert "\n" not in str(caught.value)


def test_what_is_required_are_keys_of_the_record() -> None:
    """One that was renamed would refuse every report."""
    assert {each.name for each in fields(RunRecord)} >= REQUIRED


def test_a_redacted_record_is_one_still() -> None:
    """Also where a secret is a number of the record, or the name of a measurement."""
    record = salvaged(full("s3cret-word"))
    found = redacted(record, Redactor({"WORD": "s3cret-word"}).data)

    assert "s3cret-word" not in json.dumps(dump(found))
    assert found.criteria[0].evidence.keys() == {"***", "nested"}
    hidden = redacted(RunRecord(round_trips=12345678), Redactor({"N": "12345678"}).data)
    assert hidden.round_trips == 0


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from([*KEYS, "name", "seconds", "list"]), inner)
        ),
        max_leaves=15,
    )
)
def test_no_data_is_a_reason_to_have_no_record(data: Any) -> None:  # noqa: ANN401
    """Whatever JSON can say, there is a record, and it can be written and read again."""
    record = salvaged(data)

    assert dump(salvaged(dump(record))).keys() == dump(record).keys()
    assert all(isinstance(each, PhaseRecord) for each in record.phases)
