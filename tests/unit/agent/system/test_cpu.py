"""How busy the host is, as its kernel counts it."""

from __future__ import annotations

import os

import pytest

from pytest_rollback.agent.messages.probes.measurement import CpuWait
from pytest_rollback.agent.system import cpu

SAID = "some avg10={} avg60=92.93 avg300=94.13 total=21736\nfull avg10=7.00 avg60=0.00 total=0\n"


@pytest.mark.parametrize(("percent", "share"), [("0.00", 0.0), ("91.67", 0.9167), ("100.00", 1.0)])
def test_the_kernel_counts(percent: str, share: float) -> None:
    """The last ten seconds, as a share; that of tasks which all waited is another line."""
    assert cpu.stalled(SAID.format(percent)) == pytest.approx(share)


@pytest.mark.parametrize("said", ["", "full avg10=7.00\n"])
def test_where_it_does_not_the_load_tells(said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """For each CPU."""
    monkeypatch.setattr(cpu, "pressure", lambda: said)
    found = cpu.waiting()

    assert found == CpuWait(None, found.load)
    assert found.load == pytest.approx(os.getloadavg()[0] / (os.cpu_count() or 1), abs=0.5)


def test_this_host_says_something() -> None:
    """One of both, whatever its kernel is."""
    found = cpu.waiting()

    assert (found.share is None) != (found.load is None)
    assert 0 <= (found.share or 0) <= 1
    assert (found.share is not None) == bool(cpu.pressure())
