"""The soak after a rollback: sampled until time is up, until it fails, or until it is stopped.

Nothing here reaches a host or knows a clock: both are handed in.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Protocol

from pytest_rollback.agent.messages.baseline import BaselineTimes
from pytest_rollback.agent.messages.probes.measurement import CpuWait, ResponseTimes
from pytest_rollback.agent.messages.probes.sample import ProbeResult
from pytest_rollback.agent.messages.services.units import UnitState
from pytest_rollback.agent.observe.probes.percentiles import summary
from pytest_rollback.checks import latency
from pytest_rollback.checks.latency import LatencySeries
from pytest_rollback.manifest.model import Component
from pytest_rollback.text.quantities import clock
from pytest_rollback.transport.interrupts import INTERRUPTS

WHOLE, FAILING, STOPPED = "", "failing", "stopped"
"""How a soak ends: as long as planned, given up, or by Ctrl-C."""


@dataclass(frozen=True)
class SoakPlan:
    """How a system is watched; all seconds are those of the monitor's own clock.

    Args:
        soak: how long is watched now.
        least: how long must be watched to prove anything.
        interval: from one sample to the next.
        in_a_row: so many bad samples in a row end it.
        tolerated: the share of answers, and of samples that cannot be taken, that may be lost.
        scale: how much faster than the host's this clock runs: 1 but in demonstrations.
        demonstration: whether what is watched is the sandbox, where a faster clock may be enough.
    """

    soak: float
    least: float
    interval: float
    in_a_row: int
    tolerated: float
    scale: float = 1.0
    demonstration: bool = False


@dataclass(frozen=True)
class SoakSample:
    """What one look at the system gave.

    Args:
        at: when, in seconds since the soak began.
        problem: why it could not be taken, "" when it was.
        states: the units, by name.
        probes: the response times of each probe, by name.
        edge: one answer at the edge; None where none is described.
        errors: new errors in each component's log.
    """

    at: float
    problem: str = ""
    states: Mapping[str, UnitState] = field(default_factory=dict)
    probes: Mapping[str, ResponseTimes] = field(default_factory=dict)
    edge: ProbeResult | None = None
    errors: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Soak:
    """Everything that was seen, how long it lasted, and how it ended."""

    plan: SoakPlan
    samples: tuple[SoakSample, ...]
    lasted: float
    ended: str = WHOLE

    @property
    def taken(self) -> list[SoakSample]:
        """The samples that could be taken."""
        return [each for each in self.samples if not each.problem]

    @property
    def missed(self) -> list[SoakSample]:
        """The samples that could not be taken."""
        return [each for each in self.samples if each.problem]

    @property
    def short(self) -> str:
        """Why the soak proves nothing, "" when it was long enough."""
        looked = f"watched for {clock(self.lasted)} of {clock(self.plan.least)}"
        if self.ended == STOPPED:
            return f"{looked}: the run was stopped"
        if self.ended == FAILING:
            return f"{looked}: ended by {self.plan.in_a_row} bad samples in a row"
        if self.lasted < self.plan.least:
            return looked
        if self.plan.scale > 1 and not self.plan.demonstration:
            factor = f"{self.plan.scale:g} times faster than real time"
            return f"{looked} with a clock {factor}: a demonstration"
        if len(self.missed) > self.plan.tolerated * len(self.samples):
            what = f"{len(self.missed)} of {len(self.samples)} samples could not be taken"
            return f"{what}: {self.missed[0].problem}"
        return "" if self.samples else "no sample was taken"


Take = Callable[[float], SoakSample]


class Clock(Protocol):
    """The host's clock, such as the module `time`."""

    def monotonic(self) -> float:
        """Return its seconds."""

    def sleep(self, seconds: float, /) -> None:
        """Wait for so many."""


def watch(
    plan: SoakPlan,
    take: Take,
    is_bad: Callable[[SoakSample], bool],
    show: Callable[[Soak], None],
    host: Clock,
) -> Soak:
    """Return what was seen: a sample at each interval, the last one when time is up.

    Args:
        plan: how long and how often.
        take: takes a sample; given the seconds since the beginning.
        is_bad: tells whether a sample counts towards giving up.
        show: is handed everything seen so far after each sample.
        host: the clock that `plan.scale` makes faster.
    """
    samples: list[SoakSample] = []
    began, bad, due = host.monotonic(), 0, 0.0

    def passed() -> float:
        return (host.monotonic() - began) * plan.scale

    def seen(ended: str = WHOLE) -> Soak:
        return Soak(plan, tuple(samples), passed(), ended)

    try:
        while True:
            last = passed() >= plan.soak
            samples.append(take(passed()))
            bad = bad + 1 if is_bad(samples[-1]) else 0
            show(seen())
            if bad >= plan.in_a_row:
                return seen(FAILING)
            if last:
                return seen()
            due = min(plan.soak, max(due + plan.interval, passed()))
            host.sleep(max(0.0, due - passed()) / plan.scale)
    except KeyboardInterrupt:
        INTERRUPTS.anew()  # it ends the watch, whose samples are judged
        return seen(STOPPED)


def wrong(sample: SoakSample, components: Iterable[Component]) -> Iterator[str]:
    """Yield what is wrong in a sample: with it, with a unit, a probe or the edge."""
    if sample.problem:
        yield sample.problem
        return
    for component in components:
        yield from unwell(sample, component)
        yield from refused(sample, component.requests)
    yield from turned_away(sample)


def turned_away(sample: SoakSample) -> Iterator[str]:
    """Yield what is wrong with what users get, where an edge is described."""
    if sample.edge and sample.edge.wrong:
        yield f"the edge: {sample.edge.wrong}"


def unwell(sample: SoakSample, component: Component) -> Iterator[str]:
    """Yield what is wrong with a component's unit and its health probe."""
    state = sample.states[component.unit]
    if state.state != "active":
        yield f"{component.unit} is {state.state}"
    yield from refused(sample, [component.health])


def refused(sample: SoakSample, names: Iterable[str]) -> Iterator[str]:
    """Yield what is wrong with the answers of some probes."""
    known = (name for name in names if name in sample.probes)
    yield from filter(None, (latency.wrong(name, sample.probes[name]) for name in known))


def said(soak: Soak, look: Callable[[SoakSample], Iterable[str]]) -> list[str]:
    """Return what a look at each sample found, with its time."""
    return [f"at {clock(each.at)}: {words}" for each in soak.taken for words in look(each)]


def lost(soak: Soak, names: Iterable[str]) -> float:
    """Return the share of answers of some probes that were wrong or missing."""
    found = [each.probes[name] for name in names for each in soak.taken if name in each.probes]
    failed = sum(each.failed for each in found)
    asked = failed + sum(len(each.samples_ms) for each in found)
    return failed / asked if asked else 0.0


def down(soak: Soak, component: Component) -> float:
    """Return the share of samples in which a unit was not active."""
    states = [each.states[component.unit].state for each in soak.taken]
    return sum(each != "active" for each in states) / len(states) if states else 0.0


def restarts(soak: Soak, component: Component) -> Iterator[str]:
    """Yield each time that a unit was another process than in the sample before."""
    looks = [(each.at, each.states[component.unit]) for each in soak.taken]
    for (_, before), (at, after) in pairwise(looks):
        if words := ", ".join(restarted(before, after)):
            yield f"at {clock(at)}: {words}"


def restarted(before: UnitState, after: UnitState) -> list[str]:
    """Return what shows that a unit was started again between two looks."""
    pids = (before.pid or "none", after.pid or "none")
    facts = (("pid", *pids), ("restarts", before.restarts, after.restarts))
    return [f"{name} was {was}, is {now}" for name, was, now in facts if was != now]


def series(soak: Soak, name: str, limit: float, kept: BaselineTimes | None) -> LatencySeries:
    """Return all response times of a probe; `limit` in milliseconds."""
    found = [each.probes[name] for each in soak.taken]
    times = tuple(time for each in found for time in each.samples_ms)
    costs = [each.overhead_ms for each in found if each.overhead_ms is not None]
    waits = [each.cpu for each in found] or [CpuWait()]
    merged = ResponseTimes(
        samples_ms=times,
        failed=sum(each.failed for each in found),
        problem=next((each.problem for each in found if each.problem), None),
        overhead_ms=statistics.median(costs) if costs else None,
        percentiles=summary(times),
        cpu=max(waits, key=lambda cpu: cpu.share or cpu.load or 0.0),
    )
    return LatencySeries(name, limit, merged, kept)


def line(soak: Soak, components: Iterable[Component]) -> str:
    """Return where a soak stands, in one line for the terminal: progress, and the worst of all."""
    components = list(components)
    bad = sum(any(wrong(each, components)) for each in soak.samples)
    count = sum(1 for component in components for _ in restarts(soak, component))
    errors = sum(sum(each.errors.values()) for each in soak.samples)
    left = max(0.0, soak.plan.soak - soak.lasted)
    return (
        f"{clock(soak.lasted)}, {clock(left)} left: {len(soak.samples)} samples, {bad} bad, "
        f"{count} restarts, {errors} errors; slowest {slowest(soak)}"
    )


def slowest(soak: Soak) -> str:
    """Return the longest answer so far, and whose it was."""
    found = [
        (max(measured.samples_ms), name)
        for each in soak.taken
        for name, measured in each.probes.items()
        if measured.samples_ms
    ]
    return "{1} {0:.0f} ms".format(*max(found)) if found else "-"
