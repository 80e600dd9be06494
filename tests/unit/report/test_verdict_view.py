"""The top of the page: time to spare is green only where the system recovered in it."""

from __future__ import annotations

import pytest

from pytest_rollback.report.html.verdict import minutes
from pytest_rollback.report.run_summary import RunSummary
from pytest_rollback.run.run_record import RunRecord, salvaged
from tests.unit.support.report_records import full, rendered


@pytest.mark.parametrize(
    ("verdict", "elapsed", "tone"),
    [
        ("RECOVERED", 60.0, "good"),
        ("NOT RECOVERED", 60.0, "idle"),
        ("INCONCLUSIVE", 60.0, "idle"),
        ("RECOVERED", 1000.0, "bad"),
        ("NOT RECOVERED", 1000.0, "bad"),
    ],
)
def test_time_to_spare(verdict: str, elapsed: float, tone: str) -> None:
    """It is no comfort where nothing recovered."""
    assert minutes(RunRecord(verdict=verdict, elapsed=elapsed, rto=900.0)).tone == tone


@pytest.mark.parametrize(
    ("kind", "said"),
    [("rollback", "Rollback report "), ("drill", "Drill report "), ("check", "Report ")],
)
def test_a_report_says_what_the_run_was(kind: str, said: str) -> None:
    """A rollback by `rollback now` is called no drill."""
    page = rendered(full() | {"kind": kind})

    assert f'<p class="where">{said}' in page
    assert salvaged(full() | {"kind": kind}).kind == kind


def test_the_list_of_runs_calls_it_a_rollback() -> None:
    """The suite is that of drills."""
    suites = ("drill", "validate")
    assert RunSummary(suites=suites, kind="rollback").told == ("rollback", "validate")
    assert RunSummary(suites=suites, kind="drill").told == suites
