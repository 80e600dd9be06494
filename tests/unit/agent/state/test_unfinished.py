"""Nobody judges a system in the midst of a rollback of somebody else."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from pytest_rollback.agent import main
from pytest_rollback.agent.errors import HostError
from pytest_rollback.agent.messages.location import HolderProcess, Location
from pytest_rollback.agent.messages.state.runs import (
    IDLE,
    BeginRequest,
    EndRequest,
    Idle,
    IdleRequest,
)
from pytest_rollback.agent.protocol import unframe
from pytest_rollback.agent.state import lock, runs, unfinished
from pytest_rollback.agent.system.processes import here, started


def process(pid: int) -> HolderProcess:
    """Return a process of here."""
    return HolderProcess(*here(), pid, started(pid))


@pytest.fixture
def state(tmp_path: Path) -> str:
    """A state directory without a run."""
    return str(tmp_path / "state")


def began(state: str, run: str, pid: int, *events: str, only: tuple[str, ...] = ()) -> None:
    """Begin a run, and write events of its steps into its journal."""
    runs.begin(BeginRequest(state, run, "ann", process(pid), "corner", only))
    with lock.working(Location(root="/", suffix=".old", state=state, run=run)) as work:
        for each in events:
            work.journal.add(each)


@pytest.fixture
def dead() -> int:
    """The number of a process that has ended."""
    ended = subprocess.Popen(["true"])
    ended.wait()
    return ended.pid


STOPPED = ("snapshot", "snapshot done", "stop", "stop done")


def asked(state: str, pid: int | None = None, *, open_too: bool = True) -> Idle:
    """Ask as this process, or as another one."""
    return unfinished.look(IdleRequest(state, process(pid or os.getpid()), open_too))


def test_a_host_without_runs_is_idle(state: str) -> None:
    """Also one without a state directory."""
    assert asked(state) == Idle()


def test_somebody_who_is_at_work_is_named(state: str) -> None:
    """By whom, since when, and how to stop it; the same process may judge its own run."""
    began(state, "r1", os.getppid(), "snapshot")
    for open_too in (True, False):
        with pytest.raises(HostError, match="held by ann") as told:
            asked(state, open_too=open_too)
        assert told.value.kind == "held"
    assert asked(state, os.getppid()) == Idle()


def test_what_lies_half_done_is_said_with_its_options(state: str, dead: int) -> None:
    """The next step, and what resumes exactly this run; who only wants the host is let in."""
    began(state, "r1", dead, *STOPPED, only=("web",))
    with pytest.raises(HostError, match="next step: set the") as told:
        asked(state)

    assert (told.value.kind, told.value.hint) == (
        "open",
        "to resume it: rollback now --component=web",
    )
    assert asked(state, open_too=False) == Idle()


SAID = {
    "failed": "a rollback has not recovered the system: begun by ann ",
    "inconclusive": "a rollback has not shown that it recovered the system: begun by ann ",
    "interrupted": "a rollback is not finished: begun by ann ",
}


@pytest.mark.parametrize("outcome", ["failed", "inconclusive", "interrupted", "recovered"])
@pytest.mark.parametrize("events", [("snapshot", "snapshot done"), STOPPED])
def test_how_it_ended_decides(state: str, dead: int, outcome: str, events: tuple[str, ...]) -> None:
    """Whatever changed nothing, or recovered, is in nobody's way."""
    began(state, "r1", dead, *events)
    runs.end(EndRequest(state, "r1", outcome))

    if outcome == "recovered" or events != STOPPED:
        assert asked(state) == Idle()
    else:
        with pytest.raises(HostError, match=SAID[outcome]):
            asked(state)


def test_a_run_of_an_older_backup_set_is_history(state: str, dead: int) -> None:
    """Somebody has deployed and saved since; but not where a step was broken off."""
    began(state, "r1", dead, *STOPPED)
    Path(state, "backups.json").write_text("{}")
    assert asked(state) == Idle()

    Path(state, "backups.json").unlink()
    began(state, "r2", dead, *STOPPED, "guard on", only=("web",))
    Path(state, "backups.json").write_text("{}")
    with pytest.raises(HostError, match="not finished"):
        asked(state)


def test_an_undo_that_was_begun_is_to_be_finished(state: str, dead: int) -> None:
    """By the command that undoes."""
    began(state, "r1", dead, *STOPPED)
    runs.end(EndRequest(state, "r1", "recovered"))
    with lock.working(Location(root="/", suffix=".old", state=state, run="r1")) as work:
        work.journal.add("undo")
    with pytest.raises(HostError, match="partly undone") as told:
        asked(state)

    assert told.value.hint == "to resume it: rollback undo r1"


def test_nothing_is_asked_after_it(state: str, dead: int) -> None:
    """The services would have the requests in their logs."""
    question = {"route": IDLE.name, "request": IdleRequest(state, process(os.getpid()))}
    other = {"route": "no.such", "request": []}
    request = {"ask": [{**question, "first": True}, other]}
    assert len((unframe(main.serve(request)) or {})["answers"]) == 2

    began(state, "r1", dead, *STOPPED)
    assert len((unframe(main.serve(request)) or {})["answers"]) == 1
