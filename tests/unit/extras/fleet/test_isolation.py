"""All hosts are stopped before one is rolled back, by real processes; who is not touched serves."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_rollback.extras.fleet.child import ChildResult
from pytest_rollback.extras.fleet.coordinator import Errand
from pytest_rollback.extras.fleet.judge import HostOutcome
from pytest_rollback.extras.fleet.once.isolation import isolated
from pytest_rollback.extras.fleet.record import STOPPED, conclude
from pytest_rollback.transport.interrupts import INTERRUPTS
from tests.unit.extras.fleet.test_coordinator import HOSTS, Batches, batches, soon

__all__ = ["batches"]


def stopping(fleet: Batches, **kinds: HostOutcome) -> Errand:
    """Return an errand that stops a host; `kinds` are how it ends elsewhere than well."""

    def settle(name: str, _: Path, code: int) -> ChildResult:
        kind = kinds.get(name, HostOutcome.RECOVERED)
        return ChildResult(kind, "" if name not in kinds else "why", code)

    script = f"echo stop $0 >> {fleet.log}; sleep {fleet.seconds}"
    return Errand(lambda name, _: ["sh", "-c", script, name], settle)


def carried_out(fleet: Batches, errand: Errand) -> dict[str, str]:
    """Stop all, and then roll back; return how each host ended, once that is concluded."""
    stop = INTERRUPTS.heed()
    try:
        with INTERRUPTS.deferred():
            if isolated(fleet.at, HOSTS, errand):
                fleet.at.roll(fleet.errand)
    finally:
        stop()
        INTERRUPTS.anew()
    conclude(fleet.record)
    return {name: each.value for name, each in fleet.at.outcomes.items()}


def test_nobody_is_rolled_back_before_all_are_stopped(batches: Callable[..., Batches]) -> None:
    """Each leaves service once, and comes back once."""
    fleet = batches(lb="true")
    assert set(carried_out(fleet, stopping(fleet)).values()) == {"recovered"}
    told = fleet.told()
    assert {each.split()[0] for each in told[:8]} == {"drain", "stop"}
    assert {each.split()[0] for each in told[8:]} == {"drill", "undrain"}
    assert sorted(told) == sorted(
        f"{what} {name}" for what in ("drain", "stop", "drill", "undrain") for name in HOSTS
    )
    assert (fleet.record.sentence, fleet.record.code) == ("RECOVERED 4 of 4", 0)


@pytest.mark.parametrize(
    ("kind", "code", "serves"),
    [
        (HostOutcome.FAILED, 1, False),
        (HostOutcome.LOST, 10, False),
        (HostOutcome.NEVER_REACHED, 1, True),
        (HostOutcome.HELD, 12, True),
    ],
)
def test_one_that_cannot_be_stopped_ends_it(
    batches: Callable[..., Batches],
    kind: HostOutcome,
    code: int,
    serves: bool,  # noqa: FBT001
) -> None:
    """However many may fail; the others stay stopped and out, and an undo is advised."""
    fleet = batches(lb="true", max_failed=4, unreachable="skip")
    ended = carried_out(fleet, stopping(fleet, h3=kind))
    assert ended == {**dict.fromkeys(HOSTS, "isolated"), "h3": kind.value}
    told = fleet.told()
    assert not [each for each in told if each.startswith("drill")]
    assert ("undrain h3" in told, len([t for t in told if "undrain" in t])) == (serves, serves)
    assert (fleet.record.code, fleet.record.undo) == (code, True)
    assert "stopped after the isolation" in fleet.record.sentence
    assert fleet.at.hosts["h1"].why == STOPPED
    assert fleet.at.hosts["h1"].drained == "left drained: isolated"


def test_one_that_does_not_leave_is_not_touched(batches: Callable[..., Batches]) -> None:
    """It serves on, and nobody is rolled back beside it."""
    fleet = batches(lb='test "$0" != h2')
    assert carried_out(fleet, stopping(fleet))["h2"] == "failed"
    told = fleet.told()
    assert ("stop h2" in told, "undrain h2" in told) == (False, True)
    assert not [each for each in told if each.startswith("drill")]


def test_a_signal_rolls_nobody_back(batches: Callable[..., Batches]) -> None:
    """Those that were stopped are told."""
    fleet = batches()
    fleet.seconds = 0.6
    thread = soon(lambda: len(fleet.told()) == len(HOSTS), signal.SIGINT)
    ended = carried_out(fleet, stopping(fleet))
    thread.join()
    assert set(ended.values()) == {"isolated"}
    assert (fleet.record.code, fleet.record.sentence) == (
        *(2, "NOT RECOVERED: 4 isolated of 4, interrupted"),
    )


def test_nothing_to_stop_is_no_obstacle(batches: Callable[..., Batches]) -> None:
    """Where all hosts lie half done."""
    fleet = batches()
    assert isolated(fleet.at, (), stopping(fleet))
    assert fleet.told() == []
