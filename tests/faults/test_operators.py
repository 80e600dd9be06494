"""Four operators at once: exactly one acts, the others are told who holds the host."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path
from typing import NamedTuple

import pytest

from pytest_rollback.agent.state import lock
from tests.faults import tracing
from tests.faults.figures import measured, times
from tests.faults.scene import Refused, Scene, asked, clone, ended, lease, taken_back
from tests.faults.steps import change, roll_back
from tests.faults.sweep import broken, different
from tests.faults.tracing import Site

ROUNDS = times(40, 6)
AT_ONCE = 4


class OperatorReport(NamedTuple):
    """What one operator said: `acted`, `held` or something worse, and the words."""

    pid: int
    kind: str
    words: str


class Operator:
    """A process that waits for a start, asks for the host, and works once it may."""

    def __init__(self, scene: Scene, number: int) -> None:
        begin, self._start = os.pipe()
        work, self._work = os.pipe()
        self._said, tell = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(120)
            os._exit(self._at_work(scene, f"r{number}", (begin, work, tell)))
        for handle in (begin, work, tell):
            os.close(handle)

    @staticmethod
    def _at_work(scene: Scene, run: str, pipes: tuple[int, int, int]) -> int:
        """Do what an operator's session does; what came of it goes into the third pipe."""
        begin, work, tell = pipes
        os.read(begin, 1)
        try:
            asked(lease(scene, run, os.getpid()))
            os.write(tell, b"acted:\n")
            os.read(work, 1)
            roll_back(scene, run)
            asked(ended(scene, run, "recovered"))
        except Refused as problem:
            os.write(tell, f"{problem.kind}:{problem}\n".encode())
        except BaseException as error:  # noqa: BLE001 - it is raised where all are waited for
            os.write(tell, f"bug:{error!r}\n".encode())
            return 1
        return 0

    def start(self) -> None:
        """Let it begin."""
        os.write(self._start, b"x")

    def told(self) -> OperatorReport:
        """Return what it said about the host."""
        said = b""
        while not said.endswith(b"\n"):
            said += os.read(self._said, 4096)
        kind, _, words = said.decode().partition(":")
        return OperatorReport(self.pid, kind, words.strip())

    def end(self) -> int:
        """Let it work, and return how it ended."""
        with contextlib.suppress(BrokenPipeError):  # it was held, and went away
            os.write(self._work, b"x")
        code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        for handle in (self._start, self._work, self._said):
            os.close(handle)
        return code


def test_one_of_four_acts(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All start in the same instant; whoever comes second is told who was first."""
    tracing.loaded()
    scene = Scene(place / "home").deploy()
    monkeypatch.setenv("PATH", f"{scene.home / 'bin'}:{os.environ['PATH']}")
    clone(scene.home, place / "kept")
    for _ in range(ROUNDS):
        clone(place / "kept", scene.home)
        operators = [Operator(scene, number) for number in range(AT_ONCE)]
        for each in operators:
            each.start()
        told = [each.told() for each in operators]
        codes = [each.end() for each in operators]

        acted = [each for each in told if each.kind == "acted"]
        assert [each.kind for each in told].count("held") == AT_ONCE - 1, told
        assert len(acted) == 1, told
        holder = f"held by the tests (process {acted[0].pid} "
        assert all(holder in each.words for each in told if each.kind == "held"), told
        assert codes == [0] * AT_ONCE
        assert different(scene.everything(), scene.previous, "after the round") == []
        assert broken(scene, "after the round") == []
    measured(
        "concurrency", f"{ROUNDS} rounds of {AT_ONCE} operators: one acted, the rest were held"
    )


@pytest.mark.usefixtures("traced")
def test_a_change_is_alone(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While one restores, slowly, nobody else changes anything."""
    tracing.loaded()
    monkeypatch.setattr(lock, "PATIENCE", 0.05)
    scene = Scene(place / "home").deploy()
    asked(lease(scene, "r1", os.getpid()))
    wanted = change(scene, "files")
    assert wanted is not None
    slow = os.fork()
    if slow == 0:
        outcome = tracing.delayed(Site("fsync", 5, ""), 1.5, [wanted])
        os._exit(0 if all("value" in each for each in outcome.answers) else 1)
    journal, until = scene.state / "runs/r1/journal", time.monotonic() + 60
    while not (journal.exists() and journal.stat().st_size) and time.monotonic() < until:
        time.sleep(0.002)
    for call in (wanted, taken_back(scene), lease(scene, "r2", 1)):
        with pytest.raises(Refused, match=f"held by the tests .process {os.getpid()} ") as told:
            asked(call)
        assert told.value.kind == "held"
    assert os.waitstatus_to_exitcode(os.waitpid(slow, 0)[1]) == 0
    assert change(scene, "files") is None
