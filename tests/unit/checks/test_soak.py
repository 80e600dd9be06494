"""A soak on a clock of the test's own: how long, how often, how it ends, and what it concludes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from pytest_rollback.agent.messages.probes.measurement import ResponseTimes
from pytest_rollback.agent.messages.probes.sample import ProbeResult
from pytest_rollback.agent.messages.services.units import UnitState
from pytest_rollback.agent.observe.probes.percentiles import summary
from pytest_rollback.checks import soak as checks_soak
from pytest_rollback.checks.soak import FAILING, STOPPED, WHOLE, Soak, SoakPlan, SoakSample, watch
from pytest_rollback.manifest.model import Component

WEB = Component(name="web", unit="shop-web", health="web", requests=("order",))
PLAN = SoakPlan(soak=60.0, least=60.0, interval=5.0, in_a_row=3, tolerated=0.0)


class Hands:
    """A clock that somebody turns: sleeping takes its time, and a sample takes `takes`."""

    def __init__(self, takes: float = 0.0) -> None:
        self.time, self.takes, self.slept = 0.0, takes, 0.0

    def monotonic(self) -> float:
        """Return its seconds."""
        return self.time

    def sleep(self, seconds: float, /) -> None:
        """Let time pass."""
        self.slept += seconds
        self.time += seconds


def probe(*times: float, failed: int = 0) -> ResponseTimes:
    """Return what the agent measures of a probe."""
    problem = "answered 500, not 200" if failed else None
    return ResponseTimes(times, failed, problem, 0.1, summary(times))


def answer(problem: str | None) -> ProbeResult:
    """Return what the edge answered, if it did not answer as it should."""
    return ProbeResult((), 0, problem, None, "", None)


def sample(at: float = 0.0, **more: Any) -> SoakSample:  # noqa: ANN401 - any field of a sample
    """Return a sample in which all is well, but for what is given."""
    state = UnitState(known=True, state="active", pid=7)._replace(**more.pop("state", {}))
    probes = {"web": probe(1.0, 2.0), "order": probe(3.0), **more.pop("probes", {})}
    return SoakSample(at, states={"shop-web": state}, probes=probes, **more)


def watched(
    hands: Hands, take: Callable[[float], SoakSample] = sample, plan: SoakPlan = PLAN
) -> tuple[Soak, list[int]]:
    """Return a soak, and how many samples there were each time that it was shown."""
    shown: list[int] = []

    def taken(at: float) -> SoakSample:
        hands.time += hands.takes
        return take(at)

    def is_bad(one: SoakSample) -> bool:
        return any(checks_soak.wrong(one, [WEB]))

    return watch(plan, taken, is_bad, lambda soak: shown.append(len(soak.samples)), hands), shown


def test_it_lasts_as_long_as_planned() -> None:
    """The first sample at once, the last one when time is up, each told."""
    soak, shown = watched(Hands())

    assert (soak.ended, soak.lasted, soak.short) == (WHOLE, 60.0, "")
    assert [each.at for each in soak.samples] == [5.0 * n for n in range(13)]
    assert shown == list(range(1, 14))


def test_slow_samples_delay_no_end() -> None:
    """What was due meanwhile is left out; the last sample begins once time is up."""
    soak, _ = watched(Hands(takes=20.0))

    assert [each.at for each in soak.samples] == [0.0, 20.0, 40.0, 60.0]
    assert soak.lasted == 80.0


def test_a_clock_that_runs_faster_takes_less_time() -> None:
    """A quarter of an hour in nine seconds, with as many samples."""
    hands = Hands()
    plan = SoakPlan(900.0, 900.0, 5.0, 3, 0.0, scale=100.0, demonstration=True)
    soak, _ = watched(hands, plan=plan)

    assert hands.slept == pytest.approx(9.0)
    assert (len(soak.samples), soak.short) == (181, "")
    real = replace(soak, plan=replace(plan, demonstration=False))
    assert real.short == (
        "watched for 15m00s of 15m00s with a clock 100 times faster than real time: a demonstration"
    )


def test_bad_samples_in_a_row_end_it() -> None:
    """Two are no row of three; what was seen until then stays."""
    bad = {15.0, 20.0, 30.0, 35.0, 40.0}
    soak, _ = watched(
        Hands(), lambda at: sample(at, probes={"web": probe(failed=3)} if at in bad else {})
    )

    assert (soak.ended, soak.lasted) == (FAILING, 40.0)
    assert soak.short == "watched for 0m40s of 1m00s: ended by 3 bad samples in a row"


def test_ctrl_c_ends_it_with_what_there_is() -> None:
    """Whether while sampling or while waiting."""

    def interrupted(at: float) -> SoakSample:
        if at >= 10.0:
            raise KeyboardInterrupt
        return sample(at)

    soak, _ = watched(Hands(), interrupted)

    assert (soak.ended, len(soak.samples)) == (STOPPED, 2)
    assert soak.short == "watched for 0m10s of 1m00s: the run was stopped"


SHORT: list[tuple[Soak, str]] = [
    (Soak(PLAN, (sample(),), 59.0), "watched for 0m59s of 1m00s"),
    (Soak(PLAN, (), 60.0), "no sample was taken"),
    (
        Soak(PLAN, (sample(), SoakSample(5.0, "lost")), 60.0),
        "1 of 2 samples could not be taken: lost",
    ),
]


@pytest.mark.parametrize(("soak", "said"), SHORT)
def test_too_little_proves_nothing(soak: Soak, said: str) -> None:
    """Too short, nothing, or not all of it."""
    assert soak.short == said


def test_a_sample_that_could_not_be_taken_is_bad() -> None:
    """It counts towards giving up, as what it is."""
    soak, _ = watched(Hands(), lambda at: SoakSample(at, "the host is lost"))

    assert (soak.ended, len(soak.missed), soak.taken) == (FAILING, 3, [])


WRONG: list[tuple[Mapping[str, Any], str]] = [
    ({"state": {"state": "failed"}}, "shop-web is failed"),
    ({"probes": {"web": probe(1.0, failed=1)}}, "web: 1 of 2 answers wrong: answered 500, not 200"),
    ({"probes": {"order": probe()}}, "order: not answered"),
    ({"edge": answer("answered 503")}, "the edge: answered 503"),
    ({"edge": answer(None)}, "the edge: no answer"),
]


@pytest.mark.parametrize(("more", "said"), WRONG)
def test_what_is_wrong_is_said(more: Mapping[str, Any], said: str) -> None:
    """One thing at a time."""
    assert list(checks_soak.wrong(sample(**dict(more)), [WEB])) == [said]
    assert list(checks_soak.wrong(sample(), [WEB])) == []


def test_shares_are_of_all_answers_and_samples() -> None:
    """Lost answers, samples in which the unit was down, and when."""
    bad = sample(5.0, probes={"web": probe(1.0, failed=2)}, state={"state": "failed"})
    soak = Soak(PLAN, (sample(), bad, SoakSample(10.0, "lost")), 60.0)

    assert checks_soak.lost(soak, ["web"]) == pytest.approx(2 / 5)
    assert checks_soak.down(soak, WEB) == pytest.approx(1 / 2)
    assert checks_soak.said(soak, lambda each: checks_soak.unwell(each, WEB)) == [
        "at 0m05s: shop-web is failed",
        "at 0m05s: web: 2 of 3 answers wrong: answered 500, not 200",
    ]
    assert checks_soak.lost(Soak(PLAN, (), 0.0), ["web"]) == 0.0
    assert checks_soak.down(Soak(PLAN, (), 0.0), WEB) == 0.0


def test_a_restart_is_another_process() -> None:
    """Each one, also across a sample that could not be taken."""
    looks = (sample(), SoakSample(5.0, "lost"), sample(10.0, state={"pid": 8, "restarts": 1}))

    assert list(checks_soak.restarts(Soak(PLAN, looks, 60.0), WEB)) == [
        "at 0m10s: pid was 7, is 8, restarts was 0, is 1"
    ]


def test_all_samples_make_one_series() -> None:
    """With its percentiles, held against limit and baseline."""
    soak = Soak(PLAN, tuple(sample(at) for at in range(40)), 60.0)
    series = checks_soak.series(soak, "web", 100.0, None)

    assert (series.count, series.overhead, series.wrong) == (80, 0.1, "")
    assert series.found.percentiles
    assert series.found.percentiles.p95 == 2.0
    assert checks_soak.series(Soak(PLAN, (), 0.0), "web", 100.0, None).unsure


def test_the_line_says_how_far_it_is() -> None:
    """Progress, what is left, and the worst of everything."""
    looks = (sample(errors={"web": 2}), sample(5.0, state={"pid": 8}), SoakSample(10.0, "lost"))

    assert checks_soak.line(Soak(PLAN, looks, 12.0), [WEB]) == (
        "0m12s, 0m48s left: 3 samples, 1 bad, 1 restarts, 2 errors; slowest order 3 ms"
    )
    assert "slowest -" in checks_soak.line(Soak(PLAN, (), 0.0), [WEB])


def test_a_unit_without_a_process_has_no_number() -> None:
    """It was down at one of the looks: a zero would be read as the number of a process."""
    down = UnitState(known=True, state="failed")
    up = UnitState(known=True, state="active", pid=7)

    assert checks_soak.restarted(down, up) == ["pid was none, is 7"]
    assert checks_soak.restarted(up, up) == []
