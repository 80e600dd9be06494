"""The lock around changes: waited for, told with its holder, and never kept by a child."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_rollback.agent.errors import HostError
from pytest_rollback.agent.messages.state.runs import EndRequest
from pytest_rollback.agent.state import lock, runs
from tests.unit.support import requests


class Host:
    """A state directory on which this process has begun the run r1."""

    def __init__(self, state: Path) -> None:
        self.state = str(state)
        runs.begin(requests.begin(state, holder=requests.process(os.getpid())))

    def end(self) -> None:
        """End the run."""
        runs.end(EndRequest(self.state, "r1", "failed"))


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """A host with a run."""
    return Host(tmp_path / "state")


def test_the_lock_is_waited_for(host: Host) -> None:
    """What an interrupted run asked for last may still be under way."""
    keeper = Keeper(host.state, 1.0)
    host.end()
    let_go = keeper.let_go
    keeper.end()

    assert let_go


def test_a_lock_that_is_kept_is_told_with_its_holder(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After its patience the second one is told who holds the run."""
    monkeypatch.setattr(lock, "PATIENCE", 0.3)
    keeper = Keeper(host.state, 60.0)
    try:
        with pytest.raises(HostError, match=f"held by ann .process {os.getpid()}") as caught:
            host.end()
    finally:
        keeper.end()
    assert caught.value.kind == "held"
    host.end()


class Keeper:
    """A process that holds the lock on a state directory."""

    def __init__(self, state: str, seconds: float) -> None:
        code = (
            "import fcntl, os, sys, time\n"
            "fcntl.flock(os.open(sys.argv[1], os.O_RDONLY), fcntl.LOCK_EX)\n"
            "print('held', flush=True)\n"
            "time.sleep(float(sys.argv[2]))\n"
            "open(sys.argv[3], 'w')\n"
        )
        self.mark = Path(f"{state}-let-go")
        self.process = subprocess.Popen(
            [sys.executable, "-c", code, state, str(seconds), str(self.mark)],
            stdout=subprocess.PIPE,
        )
        assert self.process.stdout
        self.process.stdout.readline()

    @property
    def let_go(self) -> bool:
        """Tell whether it kept the lock as long as it meant to, and is about to let go."""
        return self.mark.exists()

    def end(self) -> None:
        """End it; the kernel lets go of the lock."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        assert self.process.stdout
        self.process.stdout.close()


def test_no_child_keeps_the_lock(host: Host) -> None:
    """A command that outlives us does not lock the next one out."""
    with lock.locked(host.state):
        child = subprocess.Popen(["sleep", "30"])
    here = os.open(host.state, os.O_RDONLY)
    try:
        fcntl.flock(here, fcntl.LOCK_EX | fcntl.LOCK_NB)
    finally:
        os.close(here)
        child.kill()
        child.wait()
