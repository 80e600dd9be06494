"""Which run was the last drill of a target, and what its times are worth."""

from __future__ import annotations

import datetime as dt

import pytest

from pytest_rollback.agent.messages.location import HolderProcess
from pytest_rollback.agent.messages.state.progress import RunProgress, StepState
from pytest_rollback.agent.messages.state.runs import RunState
from pytest_rollback.errors import Inconclusive
from pytest_rollback.fixtures.drills import drills, finished

NOW = dt.datetime.now(dt.UTC)
HERE = HolderProcess("h", "", "", 1, 1.0)


def ran(
    days: float,
    outcome: str | None = "recovered",
    *steps: str,
    target: str = "shop",
    took: float = 1,
) -> RunState:
    """Return a run so many days ago; it took so many minutes, and its journal has these steps."""
    began = NOW - dt.timedelta(days=days)
    ended = None if outcome is None else (began + dt.timedelta(minutes=took)).isoformat()
    told = RunProgress(
        tuple(StepState(each, "done") for each in steps),
        None,
        None,
        "",
        dict.fromkeys(steps, ""),
        None,
    )
    state = "over" if outcome else "open"
    return RunState(
        f"r{days}", "ann", began.isoformat(), ended, outcome, state, target, (), HERE, told
    )


@pytest.mark.parametrize(
    ("runs", "last"),
    [
        ([], "none"),
        ([ran(60), ran(3, "failed"), ran(2, None)], None),
        ([ran(60), ran(3, "failed")], "failed"),
        ([ran(60, "failed"), ran(3)], "recovered"),
        ([ran(60), ran(3, target="till")], "recovered"),
        ([ran(3, target="till")], "none"),
        ([ran(3, "partial"), ran(2, "isolated"), ran(1, "undone")], "none"),
        ([ran(60, "failed"), ran(3, "recovered", "save the state")], "failed"),
        ([ran(60), ran(3, "failed", "save the state")], "recovered"),
        ([ran(60), ran(3, "failed", "save the state", "isolate components")], "failed"),
    ],
)
def test_the_last_run_of_the_target_that_changed_anything(
    runs: list[RunState], last: str | None
) -> None:
    """Another target's, an isolation, and a run that was refused at once are no drills."""
    found = drills(runs, "shop")

    assert (found[-1].outcome if found else "none") == last


@pytest.mark.parametrize(
    "runs", [[ran(-400)], [ran(60), ran(-0.1, "failed")], [ran(3, took=-60)], [ran(0, took=600)]]
)
def test_a_time_that_cannot_be_true_proves_nothing(runs: list[RunState]) -> None:
    """In the future, or ended before it began: the clock was set."""
    with pytest.raises(Inconclusive, match="the clock was set") as told:
        drills(runs, "shop")

    assert "timedatectl" in told.value.hint


def test_a_run_without_an_end_ended_when_it_began() -> None:
    """It was broken off; nobody knows when."""
    (found,) = drills([ran(3, None)], "shop")

    assert finished(found) == dt.datetime.fromisoformat(found.when)
