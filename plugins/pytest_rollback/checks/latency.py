"""Response times of a system's probes: measured on its host, judged, and kept as a baseline."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_rollback.agent.messages import baseline
from pytest_rollback.agent.messages.baseline import (
    Baseline,
    BaselineRequest,
    BaselineTimes,
    BaselineUpdate,
)
from pytest_rollback.agent.messages.probes.measurement import (
    MEASURE,
    Measurements,
    MeasureRequest,
)
from pytest_rollback.checks.response_times import (
    FEWEST,
    FINE,
    TRIGGER,
    LatencySeries,
    ProbeLatency,
    wrong,
)
from pytest_rollback.errors import RollbackError
from pytest_rollback.manifest import requests
from pytest_rollback.transport.call import Answers, Call

if TYPE_CHECKING:
    from pytest_rollback.manifest.model import Component, System
    from pytest_rollback.transport.connection import Connection

__all__ = [
    "FEWEST",
    "FINE",
    "TRIGGER",
    "Latencies",
    "LatencySeries",
    "ProbeLatency",
    "calls",
    "faults",
    "keep",
    "measure",
    "store",
    "stored",
    "wrong",
]

TIMEOUT = 90.0
"""Seconds for all probes together; a healthy system takes one or two."""


@dataclass(frozen=True)
class Latencies:
    """The response times of all probes by name, and why the baseline cannot be read, if so."""

    series: Mapping[str, LatencySeries]
    problem: RollbackError | None = None

    def of(self, component: Component) -> Iterator[LatencySeries]:
        """Yield the series of a component: its health probe first, then its requests.

        Those that change something are not measured.
        """
        yield from (self.series[name] for name in named([component]) if name in self.series)


def named(components: Iterable[Component]) -> list[str]:
    """Return the probes of components, each once."""
    found = (name for each in components for name in (each.health, *each.requests))
    return list(dict.fromkeys(found))


@dataclass(frozen=True)
class LatencyCalls:
    """What a host is asked to know response times.

    Args:
        limits: the probes, and the limit of each in milliseconds.
        measured: the call that measures them.
        kept: the call that reads their baseline.
    """

    limits: Mapping[str, float]
    measured: Call[MeasureRequest, Measurements]
    kept: Call[BaselineRequest, Baseline]

    def latencies(self, answers: Answers) -> Latencies:
        """Return what was measured, beside the baseline.

        Raises:
            RollbackError: nothing could be measured.
        """
        times, problem = answers.of(self.measured).probes, answers.error(self.kept)
        known = Baseline("", {}, {}, {}) if problem else answers.of(self.kept)
        specs = self.measured.request.probes
        series = {
            name: LatencySeries(
                name,
                limit,
                times[name],
                known.probes.get(name),
                known.first.get(name),
                known.stores.get(name, 0),
                specs[name].timeout * 1000,
            )
            for name, limit in self.limits.items()
        }
        return Latencies(series, problem)


def calls(
    system: System,
    components: Iterable[Component],
    samples: int | None = None,
    *,
    previous: bool = False,
) -> LatencyCalls:
    """Return what is asked about all probes of components.

    Takes `samples` of each where that is given, instead of as many as its probe says. `previous`
    tells that they are held against the baseline of the release that a rollback brings back.
    """
    asked = {
        name: requests.probe(system.probes[name])
        for name in requests.repeated(system, named(components))
    }
    if samples is not None:
        asked = {name: probe._replace(samples=samples) for name, probe in asked.items()}
    return LatencyCalls(
        {name: probe.limit * 1000 for name, probe in asked.items()},
        Call(MEASURE, MeasureRequest(asked, TIMEOUT), TIMEOUT + 30),
        stored(system, previous=previous),
    )


def stored(system: System, *, previous: bool = False) -> Call[BaselineRequest, Baseline]:
    """Return the call that reads the baseline."""
    return Call(baseline.LOOK, BaselineRequest(system.about.state, previous))


def measure(
    connection: Connection,
    components: Iterable[Component],
    samples: int | None = None,
    *,
    previous: bool = False,
) -> Latencies:
    """Measure all probes of components on their host, and read the baseline; one round trip.

    Raises:
        RollbackError: the host does not answer, or nothing could be measured.
    """
    asked = calls(connection.system, components, samples, previous=previous)
    return asked.latencies(
        connection.ask_all([asked.measured, asked.kept], deadline=asked.measured.seconds)
    )


def store(connection: Connection, good: Iterable[LatencySeries]) -> list[str]:
    """Store measured series as the baseline; return the names of their probes.

    Raises:
        RollbackError: the state directory cannot be used, or its baseline cannot be trusted.
    """
    probes = {
        each.name: BaselineTimes(
            round(found.p50, 3), round(found.p95, 3), round(found.max, 3), each.count
        )
        for each in good
        if (found := each.found.percentiles)
    }
    request = BaselineUpdate(connection.system.about.state, probes)
    return list(connection.ask(Call(baseline.SAVE, request)).stored)


def faults(series: LatencySeries) -> str:
    """Return why a series is no baseline of a healthy system, "" when it is one."""
    share, said = series.degraded()
    return series.wrong or series.slow or series.unsure or (said if share > TRIGGER else "")


def keep(connection: Connection, system: System, samples: int = FEWEST) -> Latencies:
    """Measure all components now and store what is healthy as the baseline: after a deploy."""
    measured = measure(connection, system.components, samples)
    store(connection, [each for each in measured.series.values() if not faults(each)])
    return measured
