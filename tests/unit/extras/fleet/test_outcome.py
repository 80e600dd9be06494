"""How a host ended: exit code and report have to agree; and the verdict of all hosts."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from pytest_rollback.evidence.json_data import dump
from pytest_rollback.extras.fleet import child, run_files
from pytest_rollback.extras.fleet.judge import HostOutcome
from pytest_rollback.extras.fleet.record import FleetRecord, HostRecord, conclude, failures_first
from pytest_rollback.extras.fleet.survey import HostState, mixed
from pytest_rollback.extras.fleet.views.table import outcome_lines
from pytest_rollback.run.phases import ChangeRecord, PhaseRecord
from pytest_rollback.run.run_record import RunRecord

CHANGED = (PhaseRecord(name="files", changes=(ChangeRecord("restore 2 files"),)),)


def left(folder: Path, **record: Any) -> Path:  # noqa: ANN401 - the fields of a record
    """Leave a report in the folder of a host."""
    place = folder / "reports/run"
    place.mkdir(parents=True)
    (place / "report.json").write_text(json.dumps(dump(RunRecord(**record))))
    return folder


@pytest.mark.parametrize(
    ("code", "verdict", "phases", "wanted"),
    [
        (0, "RECOVERED", CHANGED, "recovered"),
        (11, "RECOVERED", CHANGED, "recovered"),
        (1, "NOT RECOVERED", CHANGED, "failed"),
        (0, "NOT RECOVERED", CHANGED, "lost"),
        (1, "RECOVERED", CHANGED, "lost"),
        (-9, "RECOVERED", CHANGED, "lost"),
        (2, "RECOVERED", CHANGED, "lost"),
        (2, "NOT RECOVERED", CHANGED, "lost"),
        (2, "NOT RECOVERED", (), "never begun"),
        (7, "NOT RECOVERED", (), "never reached"),
        (7, "NOT RECOVERED", CHANGED, "lost"),
        (12, "NOT RECOVERED", (), "held"),
        (12, "NOT RECOVERED", CHANGED, "lost"),
        (10, "INCONCLUSIVE", CHANGED, "lost"),
        (14, "PARTIAL", CHANGED, "lost"),
        (13, "NOT RECOVERED", (), "failed"),
        (8, "NOT RECOVERED", CHANGED, "lost"),
    ],
)
def test_code_and_report_have_to_agree(
    tmp_path: Path, code: int, verdict: str, phases: tuple[PhaseRecord, ...], wanted: str
) -> None:
    """Whatever does not, may have been changed."""
    found = child.result(left(tmp_path, verdict=verdict, phases=phases), code)
    assert found.outcome.value == wanted
    assert bool(found.why) == (wanted != "recovered") or not found.why


@pytest.mark.parametrize(("code", "wanted"), [(0, "lost"), (1, "lost"), (130, "never begun")])
def test_without_a_report_a_host_is_lost(tmp_path: Path, code: int, wanted: str) -> None:
    """But for the exit code by which a child says that it had asked nothing yet."""
    assert child.result(tmp_path, code).outcome.value == wanted


def test_a_damaged_report_is_none(tmp_path: Path) -> None:
    """Also with a good exit code."""
    left(tmp_path, verdict="RECOVERED")
    (tmp_path / "reports/run/report.json").write_text('{"verdict": "RECOVERED"')
    assert child.result(tmp_path, 0).outcome is HostOutcome.LOST


def fleet(*kinds: str, **more: Any) -> FleetRecord:  # noqa: ANN401 - the fields of a record
    """Return the record of a run in which hosts ended so."""
    hosts = [HostRecord(f"h{n}", outcome=HostOutcome(kind)) for n, kind in enumerate(kinds)]
    record = FleetRecord(batches=3, begun=3, hosts=hosts)
    for name, value in more.items():
        setattr(record, name, value)
    conclude(record)
    return record


@pytest.mark.parametrize(
    ("kinds", "more", "sentence", "code"),
    [
        (("recovered", "already"), {}, "RECOVERED 2 of 2, 1 already", 0),
        (("recovered",), {}, "RECOVERED 1 of 1", 0),
        (
            ("recovered", "failed", "never begun"),
            {"begun": 2, "stopped": "h1 failed"},
            "NOT RECOVERED: 1 failed, 1 never begun of 3, stopped after batch 2",
            1,
        ),
        (
            ("recovered", "lost"),
            {"stopped": "h1 is lost"},
            "INCONCLUSIVE: 1 lost of 2, stopped after batch 3",
            10,
        ),
        (("recovered", "failed", "lost"), {}, "NOT RECOVERED: 1 failed, 1 lost of 3", 1),
        (
            ("held", "never begun"),
            {"begun": 0, "stopped": "held"},
            "NOT RECOVERED: 1 held, 1 never begun of 2, nothing was begun",
            12,
        ),
        (
            ("never reached", "never begun"),
            {"begun": 0, "stopped": "silent"},
            "NOT RECOVERED: 1 never reached, 1 never begun of 2, nothing was begun",
            7,
        ),
        (("recovered", "never reached"), {}, "NOT RECOVERED: 1 never reached of 2", 1),
        (
            ("recovered", "never begun"),
            {"begun": 1, "interrupted": True},
            "NOT RECOVERED: 1 never begun of 2, interrupted",
            2,
        ),
    ],
)
def test_one_verdict_of_all(
    kinds: tuple[str, ...], more: dict[str, Any], sentence: str, code: int
) -> None:
    """What is proven to be bad comes before what is not known; nothing but all is good."""
    record = fleet(*kinds, **more)
    assert (record.sentence, record.code) == (sentence, code)


@pytest.mark.parametrize("kind", [each for each in HostOutcome if each.value != "recovered"])
def test_only_hosts_that_are_back_make_a_good_verdict(kind: HostOutcome) -> None:
    """One of another kind among them is enough."""
    record = fleet("recovered", kind.value, "recovered")
    assert (record.code == 0) == (kind is HostOutcome.ALREADY)
    assert record.sentence.startswith("RECOVERED") == (kind is HostOutcome.ALREADY)


def test_a_host_that_is_not_back_in_service_is_told_first() -> None:
    """Before those that failed; and the verdict is no good one."""
    record = fleet("failed", "recovered", "recovered")
    record.hosts[2].drained = "undrain: exit code 1"
    assert [each.name for each in failures_first(record)] == ["h2", "h0", "h1"]
    record = fleet("recovered")
    record.hosts[0].drained = "undrain: exit code 1"
    conclude(record)
    assert (record.sentence, record.code) == ("RECOVERED 1 of 1; 1 not back in service", 1)


def test_files_name_every_host_and_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """JUnit has an error for a host that was never begun; the page escapes what it shows."""
    monkeypatch.setenv("BALANCER_TOKEN", "Tr0ub4dor-and-three")
    record = fleet("recovered", "failed", "never begun", begun=1)
    record.hosts[1].why = "<b>drain</b> said Tr0ub4dor-and-three"
    run_files.write(tmp_path, record)
    texts = {each.name: each.read_text() for each in tmp_path.iterdir()}
    assert sorted(texts) == ["fleet.html", "fleet.json", "junit.xml"]
    assert not any("Tr0ub4dor" in text for text in texts.values())
    assert "&lt;b&gt;" in texts["fleet.html"]
    suite = ET.fromstring(texts["junit.xml"])  # noqa: S314 - we have written it
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("3", "1", "1")
    assert [each.get("name") for each in suite] == ["h0", "h1", "h2"]
    assert [each["outcome"] for each in json.loads(texts["fleet.json"])["hosts"]] == [
        "recovered",
        "failed",
        "never begun",
    ]


def test_the_table_fits_into_80_columns() -> None:
    """Long names keep both of their ends."""
    record = fleet("recovered", "failed")
    record.hosts[0].name = "a-very-long-name-of-a-host.in-some-region.example"
    record.hosts[1].why = "why " * 60
    lines = [*outcome_lines(record)]
    assert max(map(len, lines)) <= 80
    assert any(".." in line and "example" in line for line in lines)


def test_a_verdict_says_what_it_leaves_open() -> None:
    """Hosts that were not meant, and a fleet whose hosts have several releases."""
    record = FleetRecord(
        good="READY", hosts=[HostRecord("h1", outcome=HostOutcome.RECOVERED)], limit="h1", others=4
    )
    conclude(record)
    assert (record.code, record.sentence) == (
        *(0, "READY 1 of 1; 4 other hosts left alone by --limit=h1"),
    )
    states = [HostState("h1", "previous", "1"), HostState("h2", "current", "2")]
    record.mixed, record.limit = mixed(states), ""
    conclude(record)
    assert (record.code, record.sentence) == (
        *(1, "NOT READY: half rolled, 1 on 1 host, 2 on 1 host; READY 1 of 1"),
    )
    assert not mixed([states[1], states[1]._replace(name="h3")])
    assert mixed([HostState("h1", "half", "2")]) == "half rolled, half done (2) on 1 host"
