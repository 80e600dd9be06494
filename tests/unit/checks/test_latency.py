"""Response times: within the limit, beyond it, or not to be told; and against a baseline."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import pytest

from fixtures.latency import AGAIN, settled
from pytest_rollback.agent.messages.baseline import BaselineTimes
from pytest_rollback.agent.messages.probes.measurement import CpuWait, ResponseTimes
from pytest_rollback.agent.observe.probes import percentiles
from pytest_rollback.checks import latency
from pytest_rollback.checks.latency import Latencies, LatencySeries
from pytest_rollback.errors import Inconclusive, Refused
from pytest_rollback.manifest.load import parse
from pytest_rollback.manifest.model import Component
from suites.validate import test_answering as answering
from tests.unit.manifest.test_release_commands import SHOP

if TYPE_CHECKING:
    from collections.abc import Sequence


def series(
    samples: Sequence[float],
    *,
    limit: float = 100.0,
    kept: BaselineTimes | None = None,
    overhead: float = 0.2,
    failed: int = 0,
    cpu: CpuWait | None = None,
) -> LatencySeries:
    """Return what a probe with these response times is."""
    problem = "answered 500, not 200" if failed else None
    times = tuple(samples)
    found = ResponseTimes(
        times, failed, problem, overhead, percentiles.summary(times), cpu or CpuWait()
    )
    return LatencySeries("web", limit, found, kept)


def kept(p50: float, p95: float) -> BaselineTimes:
    """Return a baseline."""
    return BaselineTimes(p50, p95, p95, 50, "2026-11-24")


@pytest.mark.parametrize(
    ("samples", "slow", "unsure"),
    [
        ([10.0] * 100, False, False),
        ([10.0] * 99 + [500.0], False, True),
        ([10.0] * 198 + [500.0] * 2, False, False),
        ([10.0] * 95 + [120.0] * 5, False, True),
        ([120.0] * 100, True, False),
        ([10.0] * 80 + [120.0] * 20, True, False),
        ([10.0] * 49, False, True),
        ([], False, True),
        ([100.1] * 100, False, True),  # asking takes 0.2 ms of it
    ],
)
def test_a_limit_is_kept_broken_or_not_to_be_told(
    samples: list[float], *, slow: bool, unsure: bool
) -> None:
    """The interval of the p95 decides, and what asking costs is in favour of the system."""
    found = series(samples)

    assert (bool(found.slow), bool(found.unsure)) == (slow, unsure)


BUSY = "; the host was busy meanwhile: "


@pytest.mark.parametrize(
    ("cpu", "said"),
    [
        (CpuWait(0.87), f"{BUSY}87% of the time something waited for a CPU"),
        (CpuWait(load=3.21), f"{BUSY}3.2 tasks wanted each CPU"),
        (CpuWait(0.3), ""),
        (CpuWait(load=1.0), ""),
        (CpuWait(), ""),
    ],
)
def test_a_finding_says_that_the_host_was_busy(cpu: CpuWait, said: str) -> None:
    """Of each kind, once; what is in order says nothing, and no verdict depends on it."""
    late, near, fine = ([120.0] * 100, [10.0] * 95 + [120.0] * 5, [10.0] * 100)
    slow, unsure = series(late, cpu=cpu), series(near, cpu=cpu)
    share, words = series(late, kept=kept(10.0, 10.0), cpu=cpu).degraded()

    assert slow.slow == series(late).slow + said
    assert unsure.unsure == series(near).unsure + said
    assert (share, words) == (11.0, series(late, kept=kept(10.0, 10.0)).degraded()[1] + said)
    assert (series(fine, cpu=cpu).slow, series(fine, cpu=cpu).unsure) == ("", "")
    assert series(fine, cpu=cpu, kept=kept(10.0, 10.0)).degraded() == (0.0, "")


@pytest.mark.parametrize(
    ("now", "then", "share"),
    [
        (60.0, 40.0, 0.5),
        (100.0, 40.0, 1.5),
        (30.0, 40.0, 0.0),
        (9.0, 1.0, 0.0),  # eight milliseconds are the host's noise
        (12.0, 1.0, 11.0),
    ],
)
def test_degradation_is_how_much_slower_it_is(now: float, then: float, share: float) -> None:
    """Half as slow again is 0.5; small differences are noise, whatever their ratio."""
    found = series([now] * 50, kept=kept(then, 1000.0))

    assert found.degraded()[0] == pytest.approx(share)


def test_a_slower_tail_counts_as_well() -> None:
    """Most answers are as fast as ever, and one of five is not."""
    share, said = series([10.0] * 40 + [60.0] * 10, kept=kept(10.0, 12.0)).degraded()

    assert share == pytest.approx(4.0)
    assert said == "web: p95 is at least 60.0 ms, 400% above 12.0 ms of 2026-11-24"


def judged(found: LatencySeries, problem: Refused | None = None) -> dict[str, object]:
    """Judge one series against its baseline; return what was kept of it."""
    said: dict[str, object] = {}
    answering.test_the_component_is_not_slower_than_it_was(
        Latencies({"web": found}, problem),
        Component(name="web", unit="shop-web", health="web"),
        parse(tomllib.loads(SHOP), "rollback.toml"),
        said.__setitem__,
    )
    return said


@pytest.mark.parametrize("now", [75.0, 100.0, 124.9])
def test_less_than_a_quarter_slower_is_met(now: float) -> None:
    """'Performance issues <25% degradation from baseline': no rollback required."""
    assert judged(series([now] * 50, kept=kept(100.0, 100.0)))["slower by"] == {
        "web": f"{max(0.0, now / 100 - 1) if now > 110 else 0:.0%}"
    }


def test_more_than_half_slower_is_not_met() -> None:
    """'System performance degraded >50% from baseline': immediate rollback required."""
    with pytest.raises(Refused) as caught:
        judged(series([61.0] * 50, kept=kept(40.0, 40.0)))
    said = "web: p50 is at least 61.0 ms, 52% above 40.0 ms of 2026-11-24"
    assert caught.value.findings == (said,)


@pytest.mark.parametrize("now", [51.0, 59.0])
def test_between_them_the_procedure_is_silent(now: float) -> None:
    """And says so, instead of a pass or a failure."""
    with pytest.raises(Inconclusive, match="the procedure has no rule"):
        judged(series([now] * 50, kept=kept(40.0, 40.0)))


def test_without_a_baseline_nothing_is_concluded() -> None:
    """None stored, none that can be trusted, or no answer to compare with it."""
    with pytest.raises(Inconclusive, match="no baseline for web") as caught:
        judged(series([10.0] * 50))
    assert "rollback ready" in caught.value.hint
    with pytest.raises(Inconclusive, match="damaged"):
        judged(series([10.0] * 50), Refused("it is damaged", hint="rm it"))
    with pytest.raises(Inconclusive):
        judged(series([], kept=kept(40.0, 40.0), failed=4))


def test_a_fault_is_whatever_keeps_a_series_from_being_a_baseline() -> None:
    """Wrong answers, too slow, not to be told, or slower than what is kept by more than half."""
    assert latency.faults(series([10.0] * 50)) == ""
    assert "1 of 51 answers" in latency.faults(series([10.0] * 50, failed=1))
    assert "the limit is 100 ms" in latency.faults(series([120.0] * 50))
    assert "9 of 50 answers" in latency.faults(series([10.0] * 9))
    assert "150% above" in latency.faults(series([50.0] * 50, kept=kept(20.0, 20.0)))
    assert latency.faults(series([28.0] * 50, kept=kept(20.0, 20.0))) == ""


def test_what_creeps_from_store_to_store_is_told() -> None:
    """Each store is close to the one before it, and the last is far from the first."""
    found = series([61.0] * 100)
    times = kept(55.0, 55.0), kept(10.0, 10.0)
    crept = LatencySeries("web", 100.0, found.found, *times, 11)
    share, said = crept.degraded()

    assert share > latency.TRIGGER
    assert said.endswith("the first of 11 baselines")
    assert "above 10.0 ms" in said
    assert "above 10.0 ms" in latency.faults(crept)


def test_the_slowest_answer_is_held_against_the_timeout() -> None:
    """One of two hundred that takes most of its timeout is told, whatever the p95 is."""
    found = series([10.0] * 199 + [900.0]).found
    slow = LatencySeries("web", 100.0, found, timeout=1000.0)

    assert "the slowest answer took 900 ms (p99 10 ms)" in slow.slow
    assert not LatencySeries("web", 100.0, found, timeout=5000.0).slow


@pytest.mark.parametrize(
    ("cpu", "times", "measured"),
    [
        (CpuWait(0.9), [14.0], 1),
        (CpuWait(0.9), [140.0, 140.0, 14.0], 3),
        (CpuWait(0.9), [140.0] * 9, AGAIN),
        (CpuWait(0.1), [140.0] * 9, 1),
    ],
)
def test_what_a_busy_host_slows_down_is_measured_anew(
    cpu: CpuWait, times: list[float], measured: int
) -> None:
    """A few times on a busy host, once on another; the fastest counts, and slow stays slow."""
    web, kind = Component(name="web", unit="shop-web", health="web"), kept(10.0, 11.0)
    asked: list[list[str]] = []

    def anew(slow: Sequence[Component]) -> Latencies:
        asked.append([each.name for each in slow])
        return Latencies(
            {"web": series([times[len(asked) - 1]] * 60, limit=900.0, kept=kind, cpu=cpu)}
        )

    first = series([150.0] * 60, limit=900.0, kept=kind, cpu=cpu)
    found = settled(Latencies({"web": first}), [web], anew).series["web"]

    assert asked == [["web"]] * measured
    assert max(found.found.samples_ms) == min(times[:measured])
