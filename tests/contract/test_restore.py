"""A restore is the same wherever it takes place: planned, broken off, gone on with, undone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pytest_rollback.agent.messages.backup.save import SAVE
from pytest_rollback.agent.messages.location import HolderProcess
from pytest_rollback.agent.messages.restore import RESTORE, RESTORE_PLAN, RestorePlan
from pytest_rollback.agent.messages.rollback.undo import UNDO
from pytest_rollback.agent.messages.state.runs import BEGIN, END, EndRequest
from pytest_rollback.agent.system.processes import started
from pytest_rollback.errors import RollbackError, Unreachable
from pytest_rollback.transport.call import Call
from pytest_rollback.transport.connection import Connection
from tests.contract.conftest import system, tool
from tests.unit.support import requests
from tests.unit.support.deployed import saving
from tests.unit.support.requests import located

RUN = "r1"
CONTENT, CURRENT = "print('previous')\n", "print('current')\n"


class Release:
    """A small root, saved and then changed; asked about through one connection."""

    def __init__(self, connection: Connection, here: Path, more: tuple[str, ...] = ()) -> None:
        self.connection, self.here, self.live = connection, here, here / "root/app.py"
        self.files = [self.live, *(self.live.with_name(name) for name in more)]
        self.live.parent.mkdir()
        for path in self.files:
            path.write_text(CONTENT)
        names = [path.name for path in self.files]
        request = saving(here / "root", here / "state", names)
        connection.ask(Call(SAVE, request))
        for path in self.files:
            path.write_text(CURRENT)

        self.location = located(here / "root", here / "state", RUN)
        self.request = requests.restore(self.location)

    def begin(self, run: str = RUN, pid: int = 1) -> None:
        """Take the host for a run, as somebody elsewhere."""
        holder = HolderProcess("elsewhere", "", "", pid, started(os.getpid()))
        request = requests.begin(self.location.state, run, holder=holder, by="x")
        self.connection.ask(Call(BEGIN, request))

    def end(self) -> None:
        """Let go of the host."""
        self.connection.ask(Call(END, EndRequest(self.location.state, RUN, "recovered")))

    def plan(self) -> RestorePlan:
        """Return what a restore would do."""
        return self.connection.ask(Call(RESTORE_PLAN, self.request))

    def apply(self, digest: str) -> None:
        """Restore what was planned."""
        self.connection.ask(Call(RESTORE, self.request._replace(digest=digest)))

    def restore(self) -> None:
        """Plan and restore, as a run of ours."""
        found = self.plan()
        assert found.paths == ("app.py",)
        self.apply(found.digest)
        assert self.plan().paths == ()

    def undo(self) -> None:
        """Take the run back."""
        self.connection.ask(Call(UNDO, requests.undo(self.location)))


@pytest.fixture
def release(connection: Connection, here: Path) -> Release:
    """A release that was deployed over another one."""
    return Release(connection, here)


def test_it_is_planned_applied_and_undone(release: Release) -> None:
    """Every answer is a fact of the host's: what is there before, after, and when it is undone."""
    release.begin()
    release.restore()
    assert release.live.read_text() == CONTENT
    release.end()
    release.undo()

    assert release.live.read_text() == CURRENT


def test_a_second_one_is_told_who_is_at_work(release: Release) -> None:
    """The lock is the host's, whoever asks for it and from where."""
    release.begin()
    with pytest.raises(RollbackError, match="held by x") as caught:
        release.begin("r2", pid=2)

    assert caught.value.exit_code == 12


def test_an_answer_that_is_lost_is_asked_for_again(release: Release, url: str) -> None:
    """The connection breaks after the host has restored: the same plan is empty then."""
    release.begin()
    digest = release.plan().digest
    mute = tool(release.here, "mute", 'python3 "$@" > /dev/null; exit 255')
    torn = Connection(system(url, str(release.here), python=str(mute)))
    release.connection, whole = torn, release.connection
    with pytest.raises(Unreachable):
        release.apply(digest)
    torn.close()
    release.connection = whole

    assert release.plan().paths == ()
    assert release.live.read_text() == CONTENT
