"""A restore is the same wherever it takes place: planned, broken off, gone on with, undone."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from pytest_rollback.agent.messages.backup import SAVE
from pytest_rollback.agent.system.processes import started
from pytest_rollback.errors import RollbackError, Unreachable
from pytest_rollback.transport.call import Call
from pytest_rollback.transport.connection import Connection
from tests.contract.conftest import system, tool
from tests.unit.support.deployed import saving

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
        request = saving(self.live.parent, self.here / "state", names)
        self.connection.ask(Call(SAVE, request))
        for path in self.files:
            path.write_text(CURRENT)

    def ask(self, noun: str, verb: str, **more: Any) -> Any:  # noqa: ANN401 - an answer
        """Ask a question about it."""
        where: dict[str, Any] = {"root": str(self.here / "root"), "state": str(self.here / "state")}
        return self.connection.ask(noun, verb, **where, suffix=".backup", **more)

    def restore(self) -> None:
        """Plan and restore, as a run of ours."""
        about = {"run": RUN, "components": []}
        found = self.ask("restore", "look", **about)
        assert found["paths"] == ["app.py"]
        self.ask("restore", "apply", **about, digest=found["digest"])
        assert self.ask("restore", "look", **about)["paths"] == []


@pytest.fixture
def release(connection: Connection, here: Path) -> Release:
    """A release that was deployed over another one."""
    return Release(connection, here)


def holder(**more: object) -> dict[str, object]:
    """Return who begins a run."""
    who = {"by": "x", "host": "elsewhere", "pid": 1, "pid_started": started(os.getpid())}
    return {"run": RUN, "target": "here", "only": [], **who, **more}


def test_it_is_planned_applied_and_undone(release: Release) -> None:
    """Every answer is a fact of the host's: what is there before, after, and when it is undone."""
    release.ask("runs", "begin", **holder())
    release.restore()
    assert release.live.read_text() == CONTENT
    release.ask("runs", "end", run=RUN, outcome="recovered")
    release.ask("restore", "undo", run=RUN, components=[], units=[], check=[], reload=[])

    assert release.live.read_text() == CURRENT


def test_a_second_one_is_told_who_is_at_work(release: Release) -> None:
    """The lock is the host's, whoever asks for it and from where."""
    release.ask("runs", "begin", **holder())
    with pytest.raises(RollbackError, match="held by x") as caught:
        release.ask("runs", "begin", **holder(run="r2", pid=2))

    assert caught.value.exit_code == 12


def test_an_answer_that_is_lost_is_asked_for_again(release: Release, url: str) -> None:
    """The connection breaks after the host has restored: the same plan is empty then."""
    about = {"run": RUN, "components": []}
    release.ask("runs", "begin", **holder())
    digest = release.ask("restore", "look", **about)["digest"]
    mute = tool(release.here, "mute", 'python3 "$@" > /dev/null; exit 255')
    torn = Connection(system(url, str(release.here), python=str(mute)))
    release.connection, whole = torn, release.connection
    with pytest.raises(Unreachable):
        release.ask("restore", "apply", **about, digest=digest)
    torn.close()
    release.connection = whole

    assert release.ask("restore", "look", **about)["paths"] == []
    assert release.live.read_text() == CONTENT
