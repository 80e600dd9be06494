"""Response times of a system's probes: measured on its host, judged, and kept as a baseline."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_rollback.agent.observe.probes.percentiles import interval
from pytest_rollback.errors import RollbackError

if TYPE_CHECKING:
    from pytest_rollback.manifest.model import Component, System
    from pytest_rollback.transport.connection import Connection

FEWEST = 50
"""Samples below which nothing is concluded."""

TIMEOUT = 90.0
"""Seconds for all probes together; a healthy system takes one or two."""

TRIGGER, FINE = 0.50, 0.25
"""Degradation that calls for a rollback, and that which does not; between, nothing is said."""

NOISE_MS = {"p50": 10.0, "p95": 30.0}
"""Milliseconds by which a percentile differs between two runs on a busy host anyway."""


@dataclass(frozen=True)
class ProbeLatency:
    """The response times of one probe as a report states them, in milliseconds.

    Args:
        component, probe: whose probe, and its name.
        samples_ms: every answer's time.
        p50, p95, max: percentiles; None where nothing was answered.
        limit_ms: what the 95th percentile stays below.
        baseline_p95: the same of the healthy system; None where there is no baseline.
        overhead_ms: what asking takes where nothing is done.
    """

    component: str = ""
    probe: str = ""
    samples_ms: tuple[float, ...] = ()
    p50: float | None = None
    p95: float | None = None
    max: float | None = None
    limit_ms: float | None = None
    baseline_p95: float | None = None
    overhead_ms: float | None = None


@dataclass(frozen=True)
class LatencySeries:
    """The response times of one probe, in milliseconds, beside its limit and its baseline.

    Args:
        name: the probe.
        limit: what the 95th percentile stays below.
        found: what the host measured: samples_ms, failed, problem, overhead, p50, p95, low, high
            (the interval that holds the true p95) and max; None where nothing was answered.
        kept: the probe's baseline with p50, p95 and `when`, None where there is none.
    """

    name: str
    limit: float
    found: Mapping[str, Any]
    kept: Mapping[str, Any] | None = None

    @property
    def count(self) -> int:
        """How many answers were as they should be."""
        return len(self.found["samples_ms"])

    @property
    def wrong(self) -> str:
        """What was wrong with answers, "" when nothing was."""
        if not self.found["failed"] and self.count:
            return ""
        asked = self.found["failed"] + self.count
        return f"{self.name}: {self.found['failed']} of {asked} answers: {self.found['problem']}"

    @property
    def slow(self) -> str:
        """How it is surely beyond its limit, "" when it may be within: asking costs time too."""
        if self.found["p95"] is None or self.found["low"] - self.overhead <= self.limit:
            return ""
        return f"{self.name}: {self.words}, the limit is {self.limit:g} ms"

    @property
    def unsure(self) -> str:
        """Why it cannot be told whether it is within its limit, "" when it can."""
        if self.count < FEWEST:
            return f"{self.name}: {self.count} answers, {FEWEST} are needed"
        if self.slow or self.found["high"] <= self.limit:
            return ""
        span = f"between {self.found['low']:.1f} and {self.found['high']:.1f} ms"
        asking = f"asking itself takes {self.overhead:.1f} ms"
        return f"{self.name}: its p95 is {span}, the limit is {self.limit:g} ms; {asking}"

    @property
    def overhead(self) -> float:
        """The milliseconds that asking takes where nothing is done."""
        return float(self.found["overhead"] or 0.0)

    @property
    def words(self) -> str:
        """The percentiles, for people."""
        found = self.found
        return f"p50 {found['p50']:.1f}, p95 {found['p95']:.1f}, max {found['max']:.1f} ms"

    def degraded(self) -> tuple[float, str]:
        """Return by how much it is slower than its baseline (0.5 is half as slow again), in words.

        The worse of p50 and p95 counts, each by what it surely is at least, with 95 % confidence;
        one that differs by less than the noise does not.
        """
        worst, said = 0.0, ""
        ordered = sorted(self.found["samples_ms"])
        for key, noise in NOISE_MS.items() if self.kept and self.count else ():
            now, _ = interval(ordered, int(key[1:]) / 100)
            then = float(self.kept[key])  # type: ignore[index]
            share = (now - then) / max(then, 0.001) if now - then > noise else 0.0
            if share > worst:
                worst, was = share, f"{then:.1f} ms of {self.kept['when']}"  # type: ignore[index]
                said = f"{self.name}: {key} at least {now:.1f} ms, {share:.0%} above {was}"
        return worst, said

    @property
    def evidence(self) -> dict[str, object]:
        """The numbers that a report states."""
        found, limit = self.found, self.limit
        return {
            "p50_ms": found["p50"] and round(found["p50"], 2),
            "p95_ms": found["p95"] and round(found["p95"], 2),
            "max_ms": found["max"] and round(found["max"], 2),
            "samples": self.count,
            "overhead_ms": found["overhead"] and round(found["overhead"], 2),
            "limit_ms": limit,
        }

    def row(self, component: str) -> ProbeLatency:
        """Return the entry of the report's charts."""
        found = self.found
        return ProbeLatency(
            component=component,
            probe=self.name,
            samples_ms=tuple(found["samples_ms"]),
            p50=found["p50"],
            p95=found["p95"],
            max=found["max"],
            limit_ms=self.limit,
            baseline_p95=self.kept["p95"] if self.kept else None,
            overhead_ms=found["overhead"],
        )


@dataclass(frozen=True)
class Latencies:
    """What was measured of all probes, and why there is no baseline to hold it against."""

    series: Mapping[str, LatencySeries]
    problem: RollbackError | None = None

    def of(self, component: Component) -> Iterator[LatencySeries]:
        """Yield the series of a component: its health probe first, then its requests."""
        yield from (self.series[name] for name in named([component]))


def named(components: Iterable[Component]) -> list[str]:
    """Return the probes of components, each once."""
    found = (name for each in components for name in (each.health, *each.requests))
    return list(dict.fromkeys(found))


def measure(
    connection: Connection, components: Iterable[Component], samples: int | None = None
) -> Latencies:
    """Measure all probes of components on their host, and read the baseline; one round trip.

    Takes `samples` of each where that is given, instead of as many as its probe says.

    Raises:
        Unreachable: the host does not answer.
    """
    system = connection.system
    names = named(components)
    probes = {name: system.probes[name].model_dump(by_alias=True, mode="json") for name in names}
    questions = (
        {"noun": "probes", "verb": "measure", "probes": probes, "timeout": TIMEOUT}
        | {"samples": samples},
        {"noun": "baseline", "verb": "look", "state": system.about.state},
    )
    measured, kept = connection.ask_each(questions, deadline=TIMEOUT + 30)
    if isinstance(measured, RollbackError):
        raise measured
    problem = kept if isinstance(kept, RollbackError) else None
    known = {} if isinstance(kept, RollbackError) else kept["probes"]
    series = {
        name: LatencySeries(name, system.probes[name].limit * 1000, measured[name], known.get(name))
        for name in names
    }
    return Latencies(series, problem)


def store(connection: Connection, good: Iterable[LatencySeries]) -> list[str]:
    """Keep measured series as the baseline; return the names of their probes.

    Raises:
        RollbackError: the state directory cannot be used, or its baseline cannot be trusted.
    """
    probes = {
        each.name: {key: round(each.found[key], 3) for key in ("p50", "p95", "max")}
        | {"samples": each.count}
        for each in good
    }
    state = connection.system.about.state
    return list(connection.ask("baseline", "save", state=state, probes=probes)["stored"])


def faults(series: LatencySeries) -> str:
    """Return why a series is no baseline of a healthy system, "" when it is one."""
    share, said = series.degraded()
    return series.wrong or series.slow or series.unsure or (said if share > TRIGGER else "")


def keep(connection: Connection, system: System, samples: int = FEWEST) -> Latencies:
    """Measure all components now and keep what is healthy as the baseline: after a deploy."""
    measured = measure(connection, system.components, samples)
    store(connection, [each for each in measured.series.values() if not faults(each)])
    return measured
