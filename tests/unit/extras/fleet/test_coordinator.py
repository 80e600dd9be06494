"""Batches of real processes: who is begun, who is drained, and what a signal ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pytest_rollback.evidence.json_data import dump
from pytest_rollback.extras.fleet import child
from pytest_rollback.extras.fleet.child import ChildResult
from pytest_rollback.extras.fleet.coordinator import Coordinator, Errand
from pytest_rollback.extras.fleet.judge import HostOutcome, planned
from pytest_rollback.extras.fleet.record import FleetRecord, HostRecord
from pytest_rollback.manifest.fleet import Fleet
from pytest_rollback.run.run_record import RunRecord
from pytest_rollback.transport.interrupts import INTERRUPTS
from tests.plugin.operator import HEEDING, REPOSITORY

HOSTS = ("h1", "h2", "h3", "h4")


class Batches:
    """A fleet whose drills are short processes; `log` has what they and the balancer did."""

    def __init__(self, home: Path, **fleet: object) -> None:
        self.home, self.log = home, home / "log"
        self.log.write_text("")
        self.bad: set[str] = set()
        self.seconds = 0.0
        self.fleet = Fleet.model_validate({"hosts": HOSTS, **fleet})
        plan = planned(HOSTS, "h1", (1, 2), 0)
        self.record = FleetRecord(
            batches=len(plan.batches), hosts=[HostRecord(name) for name in plan.hosts]
        )
        self.lines: list[str] = []
        self.at = Coordinator(self.fleet, plan, self.record, home / "run", self.lines.append)
        self.errand = Errand(self.command, lambda _, folder, code: child.result(folder, code))

    def command(self, name: str, folder: Path) -> list[str]:
        """Return what stands for the drill of a host: it leaves a report, as that would."""
        verdict = "NOT RECOVERED" if name in self.bad else "RECOVERED"
        place = folder / "reports/run"
        place.mkdir(parents=True, exist_ok=True)
        (place / "report.json").write_text(json.dumps(dump(RunRecord(verdict=verdict))))
        script = (
            f"echo drill {name} >> {self.log}; sleep {self.seconds}; exit {int(name in self.bad)}"
        )
        return ["sh", "-c", script]

    def roll(self) -> dict[str, str]:
        """Roll back; return how each host ended."""
        stop = INTERRUPTS.heed()
        try:
            with INTERRUPTS.deferred():
                self.at.roll(self.errand)
        finally:
            stop()
            INTERRUPTS.anew()
        return {name: each.value for name, each in self.at.outcomes.items()}

    def told(self) -> list[str]:
        """Return what was done, in its order."""
        return self.log.read_text().splitlines()


@pytest.fixture
def batches(tmp_path: Path) -> Iterator[Callable[..., Batches]]:
    """Return what makes a fleet with more keys of `[fleet]`."""
    log = tmp_path / "log"

    def made(*, lb: str = "", **more: object) -> Batches:
        words = {
            what: ("sh", "-c", f"echo {what} $0 >> {log}; {lb}", "{host}")
            for what in ("drain", "undrain")
        }
        return Batches(tmp_path, **({**words, **more} if lb else more))

    usual = signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in the background
    yield made
    INTERRUPTS.anew()
    signal.signal(signal.SIGINT, usual)


def soon(seen: Callable[[], object], *signals: signal.Signals) -> threading.Thread:
    """Send signals to ourselves once something is seen, one after the other."""

    def send() -> None:
        while not seen():
            time.sleep(0.02)
        for each in signals:
            os.kill(os.getpid(), each)
            time.sleep(0.4)

    thread = threading.Thread(target=send)
    thread.start()
    return thread


def test_a_batch_ends_before_the_next_one_begins(batches: Callable[..., Batches]) -> None:
    """The canary alone, then two at once, then the rest; each is drained for its drill."""
    fleet = batches(lb="true")
    assert set(fleet.roll().values()) == {"recovered"}
    told = fleet.told()
    assert told[:3] == ["drain h1", "drill h1", "undrain h1"]
    assert told[-3:] == ["drain h4", "drill h4", "undrain h4"]
    assert (len(told), fleet.record.begun) == (12, 3)


def test_a_host_that_fails_ends_it_and_stays_drained(batches: Callable[..., Batches]) -> None:
    """The other one of its batch is brought back; the last batch is never begun."""
    fleet = batches(lb="true")
    fleet.bad.add("h2")
    assert fleet.roll() == {
        "h1": "recovered",
        "h2": "failed",
        "h3": "recovered",
        "h4": "never begun",
    }
    assert ("undrain h3" in fleet.told(), "undrain h2" in fleet.told()) == (True, False)
    assert fleet.at.hosts["h2"].drained == "left drained: failed"
    assert fleet.record.stopped == "h2 failed or lost"


def test_a_canary_that_fails_is_the_only_one(batches: Callable[..., Batches]) -> None:
    """However many may fail."""
    fleet = batches(max_failed=4)
    fleet.bad.add("h1")
    assert [*fleet.roll().values()] == ["failed", *["never begun"] * 3]
    assert fleet.told() == ["drill h1"]


def test_a_host_that_cannot_be_drained_is_not_changed(batches: Callable[..., Batches]) -> None:
    """It is brought back, because it is as well as it was, or as bad."""
    fleet = batches(lb='test "$0" != h1')
    assert [*fleet.roll().values()] == ["failed", *["never begun"] * 3]
    assert fleet.told() == ["drain h1", "undrain h1"]
    assert "drain: exit code 1; nothing was changed" in fleet.at.hosts["h1"].why
    assert fleet.at.hosts["h1"].drained == "undrain: exit code 1"


def test_a_balancer_that_hangs_is_given_up(batches: Callable[..., Batches]) -> None:
    """With all that it has started."""
    fleet = batches(lb="sleep 60 & wait", timeout="500ms")
    began = time.monotonic()
    assert [*fleet.roll().values()] == ["failed", *["never begun"] * 3]
    assert time.monotonic() - began < 20
    assert "took longer than" in fleet.at.hosts["h1"].why


def test_a_batch_that_has_soaked_is_looked_at_again(batches: Callable[..., Batches]) -> None:
    """A canary that is ill after a while ends it; the last batch has nothing behind it."""
    fleet = batches(soak="300ms")
    began = time.monotonic()
    checked = []

    def ill(name: str, _: Path, code: int) -> ChildResult:
        checked.append(name)
        kind = HostOutcome.FAILED if name == "h3" else HostOutcome.RECOVERED
        return ChildResult(kind, "" if kind is HostOutcome.RECOVERED else "ill", code)

    check = Errand(lambda *_: ["true"], ill)
    with INTERRUPTS.deferred():
        fleet.at.roll(fleet.errand, check)
    assert sorted(checked) == ["h1", "h2", "h3"]
    assert [each.value for each in fleet.at.outcomes.values()] == [
        *("recovered", "recovered", "failed", "never begun"),
    ]
    assert fleet.at.hosts["h3"].why == "soaked, and now: ill"
    assert time.monotonic() - began > 0.6


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_one_signal_lets_those_under_way_end(
    batches: Callable[..., Batches], number: signal.Signals
) -> None:
    """Nobody else is begun, and nobody is left drained."""
    fleet = batches(lb="true")
    fleet.seconds = 1.0
    thread = soon(lambda: "drill h1" in fleet.told(), number)
    assert [*fleet.roll().values()] == ["recovered", *["never begun"] * 3]
    thread.join()
    assert fleet.told() == ["drain h1", "drill h1", "undrain h1"]
    assert fleet.record.interrupted


def test_a_second_signal_ends_those_under_way(batches: Callable[..., Batches]) -> None:
    """In order: what they leave is lost, until the same command goes on."""
    fleet = batches()
    lasting = CHILD.replace("SIGTERM", "SIGINT")
    begun = Errand(lambda *_: [sys.executable, "-c", lasting, str(fleet.log)], fleet.errand.settle)
    fleet.errand = begun
    thread = soon(lambda: "began" in fleet.told(), signal.SIGINT, signal.SIGINT)
    began = time.monotonic()
    assert [*fleet.roll().values()] == ["lost", *["never begun"] * 3]
    thread.join()
    assert time.monotonic() - began < 25
    assert fleet.told() == ["began", "ended in order"]


KILLED = """
import sys
from pathlib import Path
from tests.unit.extras.fleet.test_coordinator import Batches
fleet = Batches(Path(sys.argv[1]))
fleet.command = lambda name, folder: [sys.executable, "-c", CHILD, str(fleet.log)]
fleet.errand = type(fleet.errand)(fleet.command, fleet.errand.settle)
fleet.roll()
"""
CHILD = """
import signal, sys, time
def end(*_):
    open(sys.argv[1], "a").write("ended in order\\n"); sys.exit(2)
signal.signal(signal.SIGTERM, end)
signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
open(sys.argv[1], "a").write("began\\n")
time.sleep(60)
"""


def test_a_coordinator_that_is_killed_ends_its_processes_in_order(tmp_path: Path) -> None:
    """They hear SIGTERM, which a drill heeds at its next safe point; nothing else begins."""
    script = f"CHILD = {CHILD!r}\n{KILLED}"
    command = [*HEEDING, sys.executable, "-c", script, str(tmp_path)]
    process = subprocess.Popen(command, cwd=REPOSITORY)
    log = tmp_path / "log"
    while not (log.exists() and "began" in log.read_text()):
        assert process.poll() is None
        time.sleep(0.05)
    process.kill()
    process.wait()
    end = time.monotonic() + 20
    while "ended" not in log.read_text():
        assert time.monotonic() < end
        time.sleep(0.05)
    assert log.read_text() == "began\nended in order\n"
