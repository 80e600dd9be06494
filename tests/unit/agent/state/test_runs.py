"""Runs on a host: one holder at a time, gone on with after a dead one, never by mistake."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from pytest_rollback.agent import main
from pytest_rollback.agent.errors import HostError
from pytest_rollback.agent.messages.location import HolderProcess
from pytest_rollback.agent.messages.restore import SHARED_BACKUPS, SharedRequest
from pytest_rollback.agent.messages.state.runs import (
    BeginRequest,
    EndRequest,
    NoteRequest,
    RunBegun,
    RunEnded,
    RunsRequest,
    RunState,
)
from pytest_rollback.agent.rollback import undo
from pytest_rollback.agent.state import last_sign, lease, lock, runs
from pytest_rollback.agent.state.journal import entries
from pytest_rollback.agent.system.processes import here, started
from pytest_rollback.transport.call import Call
from tests.unit.support import requests


class Host:
    """A state directory, and those who want to hold it."""

    def __init__(self, state: Path) -> None:
        self.state = str(state)

    def request(self, run: str, pid: int, **other: Any) -> BeginRequest:  # noqa: ANN401 - a field
        """Return what a process asks that begins a run; fields of request and holder are other."""
        mine = {key: other.pop(key) for key in HolderProcess._fields if key in other}
        holder = HolderProcess(*here(), pid, started(pid))._replace(**mine)
        request = BeginRequest(self.state, run, f"ann-{pid}", holder, "here")
        return request._replace(**other)

    def begin(self, run: str, pid: int, **other: Any) -> RunBegun:  # noqa: ANN401
        """Begin a run."""
        return runs.begin(self.request(run, pid, **other))

    def end(self, run: str, outcome: str) -> RunEnded:
        """End a run."""
        return runs.end(EndRequest(self.state, run, outcome))

    def heard(self, run: str, up: float, boot: str = "") -> None:
        """Set when the holder of a run was heard last: in seconds since a start of the host."""
        path = Path(self.state, "runs", run, last_sign.NAME)
        path.write_text(f"{boot.replace(' ', '-') or last_sign.boot()} {up}\n")

    def look(self) -> dict[str, RunState]:
        """Return the runs there are."""
        return {each.id: each for each in runs.look(RunsRequest(self.state)).runs}


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """A host that nobody holds."""
    return Host(tmp_path / "state")


@pytest.fixture
def dead() -> int:
    """The number of a process that has ended."""
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


def test_a_run_is_begun_ended_and_listed(host: Host) -> None:
    """It has a lease 0600 in a folder 0700, and is held, then over."""
    assert host.look() == {}
    assert host.begin("r1", os.getpid()) == RunBegun("r1", adopted=False)
    held = host.look()["r1"]
    host.end("r1", "recovered")
    over = host.look()["r1"]

    assert (held.state, held.outcome, held.target) == ("held", None, "here")
    assert (over.state, over.outcome, over.by) == ("over", "recovered", held.by)
    folder = Path(host.state, "runs", "r1")
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "lease.json").stat().st_mode & 0o777 == 0o600


def test_a_look_makes_nothing(host: Host) -> None:
    """Listing the runs of a host that never had one leaves it so."""
    host.look()

    assert not Path(host.state).exists()


def test_a_living_holder_is_named_with_the_way_to_take_over(host: Host) -> None:
    """Who, since when, and how; for any other scope as well."""
    other = subprocess.Popen(["sleep", "60"])
    try:
        host.begin("r1", other.pid)
        for scope in ({}, {"only": ("web",)}, {"target": "there"}):
            with pytest.raises(HostError, match=f"held by ann-{other.pid} .process") as caught:
                host.begin("r2", os.getpid(), **scope)

            assert caught.value.kind == "held"
            assert f"kill -INT {other.pid}" in caught.value.hint
    finally:
        other.kill()
        other.wait()
    assert host.begin("r2", os.getpid()).run == "r1"


def test_a_dead_holders_run_is_gone_on_with(host: Host, dead: int) -> None:
    """The same scope adopts it, and says who began it and when."""
    host.begin("r1", dead)
    since = host.look()["r1"].when
    found = host.begin("r2", os.getpid())

    assert found == RunBegun("r1", adopted=True, since=since, by=f"ann-{dead}")
    assert host.look()["r1"].state == "held"
    assert "r2" not in host.look()


def test_a_number_that_somebody_else_got_is_not_the_holder(host: Host) -> None:
    """A process is its number and when it started."""
    host.begin("r1", os.getpid(), pid_started=1.0)

    assert host.look()["r1"].state == "open"


@pytest.mark.parametrize("outcome", ["failed", "inconclusive", "interrupted"])
def test_what_did_not_end_well_is_gone_on_with(host: Host, outcome: str) -> None:
    """A run that failed, could not see all, or was interrupted is open."""
    host.begin("r1", os.getpid())
    host.end("r1", outcome)

    assert host.look()["r1"].state == "open"
    assert host.begin("r2", os.getpid()).run == "r1"
    assert host.look()["r1"].outcome is None


def test_what_is_over_or_about_something_else_is_left_alone(host: Host, dead: int) -> None:
    """A recovered run, another scope, another backup set: each begins a run of its own."""
    host.begin("r1", dead)
    assert host.begin("r2", dead, only=("web",)).run == "r2"
    assert host.begin("r3", dead, target="there").run == "r3"
    Path(host.state, "backups.json").write_text("another release")
    assert host.begin("r4", dead) == RunBegun("r4", adopted=False)
    host.end("r4", "recovered")
    assert host.begin("r5", dead).run == "r5"


def test_an_undone_run_is_over_for_good(host: Host, tmp_path: Path) -> None:
    """Nobody goes on with it, and ending it does not make it anything else."""
    host.begin("r1", os.getpid())
    undo.undo(requests.undo(requests.located(tmp_path, Path(host.state))))
    host.end("r1", "failed")

    assert host.look()["r1"].outcome == "undone"
    assert host.begin("r2", os.getpid()).run == "r2"


def test_a_holder_elsewhere_is_alive_while_it_is_heard(host: Host, tmp_path: Path) -> None:
    """On another machine its last word counts; every request of its run is one."""
    host.begin("r1", 4711, host="elsewhere")
    with pytest.raises(HostError, match="process 4711 on elsewhere"):
        host.begin("r2", os.getpid())
    host.heard("r1", last_sign.up() - lease.SILENT - 1)
    assert host.look()["r1"].state == "open"

    where = requests.located(tmp_path, Path(host.state))
    main.answer(Call(SHARED_BACKUPS, SharedRequest(where)).asked())
    assert host.look()["r1"].state == "held"


@pytest.mark.parametrize("jump", [-86_400, -130, 130, 86_400])
def test_a_clock_that_jumps_hands_over_no_run(
    host: Host, jump: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It blocks nobody longer either: how long somebody was silent is no matter of the date."""
    host.begin("r1", 4711, host="elsewhere")
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + jump)
    assert host.look()["r1"].state == "held"
    host.heard("r1", last_sign.up() - lease.SILENT - 1)

    assert host.look()["r1"].state == "open"


def test_runs_are_in_the_order_of_their_numbers(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock was ahead in an earlier run: the unfinished one after it is gone on with."""
    now = lease.now()
    monkeypatch.setattr(lease, "now", lambda: "2099-01-01T00:00:00.000+00:00")
    host.begin("r9", os.getpid())
    host.end("r9", "recovered")
    monkeypatch.setattr(lease, "now", lambda: now)
    host.begin("r1", os.getpid())
    host.end("r1", "failed")

    assert list(host.look()) == ["r9", "r1"]
    assert host.begin("r2", os.getpid()).run == "r1"


def test_who_was_taken_for_dead_does_not_end_the_run(host: Host, dead: int) -> None:
    """He wakes after another one has gone on and recovered: that outcome holds."""
    first = host.request("r1", dead)
    runs.begin(first)
    host.begin("r2", os.getpid())
    host.end("r1", "recovered")
    with pytest.raises(HostError, match="was taken over") as caught:
        runs.end(EndRequest(host.state, "r1", "failed", first.holder))

    assert caught.value.hint == "see how it ends: rollback status r1"
    assert host.look()["r1"].outcome == "recovered"


@pytest.mark.parametrize("content", [None, "", '{"run": "r1"}'])
def test_a_lost_lease_is_told_by_the_journal(host: Host, content: str | None) -> None:
    """Nobody else is let in, and the run is gone on with when its holder is dead."""
    host.begin("r1", os.getppid())
    path = Path(host.state, "runs", "r1", "lease.json")
    path.unlink()
    if content is not None:
        path.write_text(content)
    with pytest.raises(HostError, match=f"held by ann-{os.getppid()}"):
        host.begin("r2", os.getpid())
    host.end("r1", "failed")
    path.unlink()

    assert host.look()["r1"].outcome == "failed"
    assert host.begin("r2", os.getpid()) == RunBegun(
        "r1", adopted=True, since=host.look()["r1"].when, by=f"ann-{os.getppid()}"
    )


def test_a_container_of_the_same_name_is_elsewhere(host: Host, dead: int) -> None:
    """Its processes have other numbers here: that nobody has this one says nothing."""
    host.begin("r1", dead, space="pid:[4026530000]")
    with pytest.raises(HostError, match=f"held by ann-{dead}"):
        host.begin("r2", os.getpid())

    assert host.look()["r1"].state == "held"


def test_what_was_begun_before_the_host_was_started_anew_is_open(host: Host) -> None:
    """No process outlives its kernel; one of another machine of that name may speak since then."""
    host.begin("r1", os.getpid(), boot="00000000-0000-4000-8000-000000000000")
    assert host.look()["r1"].state == "held"
    host.heard("r1", 1.0, "another boot")

    assert host.look()["r1"].state == "open"


@pytest.mark.parametrize(("up", "state"), [(lease.SILENT - 1, "held"), (lease.SILENT, "open")])
def test_a_holder_elsewhere_comes_back_after_a_start(
    host: Host, up: float, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """He has as long as ever, from the start of the host on."""
    host.begin("r1", 4711, host="elsewhere")
    host.heard("r1", 1.0, "another boot")
    monkeypatch.setattr(last_sign, "up", lambda: up)

    assert host.look()["r1"].state == state


@pytest.mark.parametrize("run", ["../r1", "", ".hidden", "a/b", "a\n"])
def test_an_id_that_leads_elsewhere_is_refused(host: Host, run: str) -> None:
    """An id is one plain name."""
    with pytest.raises(HostError, match="is not a run id"):
        host.begin(run, os.getpid())


@pytest.mark.parametrize("run", [7, None, ["r1"]])
def test_an_id_that_is_no_text_is_refused_where_it_arrives(host: Host, run: object) -> None:
    """It never reaches what makes a path of it."""
    request: list[object] = [*host.request("r1", os.getpid())]
    request[BeginRequest._fields.index("run")] = run
    answer = main.answer({"route": "runs.begin", "request": request})

    assert "where str is expected" in answer["problem"]["message"]


def test_notes_are_kept_with_the_run(host: Host) -> None:
    """What the controller wants remembered is in the run's own journal."""
    host.begin("r1", os.getpid())
    where = requests.located(Path("/"), Path(host.state))
    runs.note(NoteRequest(where, "phase", {"name": "files"}))
    *_, entry_ = entries(str(Path(host.state, "runs", "r1", lock.CHANGES)))

    assert (entry_["what"], entry_["facts"]) == ("phase", {"name": "files"})
