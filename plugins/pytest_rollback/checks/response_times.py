"""The response times of one probe: within its limit, beyond it, or slower than they were."""

from __future__ import annotations

import math
from dataclasses import dataclass

from pytest_rollback.agent.messages.baseline import BaselineTimes
from pytest_rollback.agent.messages.probes.measurement import CpuWait, ResponseTimes
from pytest_rollback.agent.observe.probes.percentiles import interval

FEWEST = 50
"""Samples below which nothing is concluded."""

TRIGGER, FINE = 0.50, 0.25
"""Degradation that calls for a rollback, and that which does not; between, nothing is said."""

WORST = 0.5
"""The part of its timeout that the slowest answer may take."""

NOISE_MS = {"p50": 10.0, "p95": 30.0}
"""Milliseconds by which a percentile differs between two runs on a busy host anyway."""

WAITED, WANTED = 0.5, 1.5
"""The share of the time, or the tasks for each CPU, from which a host counts as busy: response
times are not only the system's then. That is said, and decides nothing."""


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
        limit: what the 95th percentile stays below, in milliseconds.
        found: what the host measured.
        kept: the probe's baseline, None where there is none.
        first: what was stored first, and `stores` how often since: it may have crept.
        timeout: what an answer may take at most, in milliseconds.
    """

    name: str
    limit: float
    found: ResponseTimes
    kept: BaselineTimes | None = None
    first: BaselineTimes | None = None
    stores: int = 0
    timeout: float = math.inf

    @property
    def count(self) -> int:
        """How many answers were right."""
        return len(self.found.samples_ms)

    @property
    def wrong(self) -> str:
        """What was wrong with answers, "" when nothing was."""
        return wrong(self.name, self.found)

    @property
    def slow(self) -> str:
        """How it is certainly beyond its limit, "" when it may be within: asking takes time too.

        The slowest answer counts as well: one that takes half of its timeout is not far from none.
        """
        return self._told(self._slow)

    @property
    def _slow(self) -> str:
        found = self.found.percentiles
        if found and found.max > self.timeout * WORST:
            return (
                f"{self.name}: the slowest answer took {found.max:.0f} ms (p99 {self.p99:.0f} ms), "
                f"more than half of its timeout of {self.timeout:.0f} ms"
            )
        if found is None or found.low - self.overhead <= self.limit:
            return ""
        words = f"p50 {found.p50:.1f}, p95 {found.p95:.1f}, max {found.max:.1f} ms"
        return f"{self.name}: {words}, the limit is {self.limit:g} ms"

    @property
    def unsure(self) -> str:
        """Why it cannot be told whether it is within its limit, "" when it can."""
        found = self.found.percentiles
        if found is None or self.count < FEWEST:
            return f"{self.name}: {self.count} of {FEWEST} answers that are needed"
        if self.slow or found.high <= self.limit:
            return ""
        span = f"between {found.low:.1f} and {found.high:.1f} ms"
        asking = f"the measurement itself takes {self.overhead:.1f} ms"
        words = f"{self.name}: the p95 is {span}, the limit is {self.limit:g} ms; {asking}"
        return self._told(words)

    def _told(self, words: str) -> str:
        """Return a finding with how busy the host was; "" for none."""
        return "; ".join(filter(None, (words, busy(self.found.cpu)))) if words else ""

    @property
    def overhead(self) -> float:
        """The milliseconds that asking takes where nothing is done."""
        return self.found.overhead_ms or 0.0

    @property
    def p99(self) -> float:
        """The time that one answer of a hundred exceeds; 0 without answers."""
        ordered = sorted(self.found.samples_ms)
        return ordered[math.ceil(0.99 * len(ordered)) - 1] if ordered else 0.0

    def degraded(self) -> tuple[float, str]:
        """Return by how much it is slower than its baseline (0.5 is half as slow again), in words.

        The last baseline counts and the first one: what is a little slower at each store creeps.
        """
        last, said = self.slower(self.kept)
        crept, words = self.slower(self.first)
        if crept > last:
            return crept, self._told(f"{words}, the first of {self.stores} baselines")
        return last, self._told(said)

    def slower(self, kept: BaselineTimes | None) -> tuple[float, str]:
        """Return by how much it is slower than stored times, and in words.

        The worse of p50 and p95 counts, each by what it is at least, with 95 % confidence; one
        that differs by less than the noise does not.
        """
        worst, said = 0.0, ""
        if kept is None or not self.count:
            return worst, said
        ordered = sorted(self.found.samples_ms)
        for key, percent, then in (("p50", 50, kept.p50), ("p95", 95, kept.p95)):
            now, _ = interval(ordered, percent / 100)
            share = (now - then) / max(then, 0.001) if now - then > NOISE_MS[key] else 0.0
            if share > worst:
                worst, was = share, f"{then:.1f} ms of {origin(kept)}"
                said = f"{self.name}: {key} is at least {now:.1f} ms, {share:.0%} above {was}"
        return worst, said

    @property
    def evidence(self) -> dict[str, object]:
        """The numbers that a report states."""
        found, overhead = self.found.percentiles, self.found.overhead_ms
        return {
            "p50_ms": found and round(found.p50, 2),
            "p95_ms": found and round(found.p95, 2),
            "p99_ms": found and round(self.p99, 2),
            "max_ms": found and round(found.max, 2),
            "samples": self.count,
            "overhead_ms": overhead and round(overhead, 2),
            "limit_ms": self.limit,
        }

    def row(self, component: str) -> ProbeLatency:
        """Return the entry of the report's charts."""
        found = self.found.percentiles
        return ProbeLatency(
            component=component,
            probe=self.name,
            samples_ms=self.found.samples_ms,
            p50=found and found.p50,
            p95=found and found.p95,
            max=found and found.max,
            limit_ms=self.limit,
            baseline_p95=self.kept.p95 if self.kept else None,
            overhead_ms=self.found.overhead_ms,
        )


def origin(kept: BaselineTimes) -> str:
    """Return when a baseline was stored, and of which release, where that is known."""
    return f"{kept.release}, {kept.when}" if kept.release else kept.when


def busy(cpu: CpuWait) -> str:
    """Return that a host was busy while it was measured, "" where it was not, or nobody knows."""
    if cpu.share is not None and cpu.share >= WAITED:
        return (
            f"the host was busy meanwhile: {cpu.share:.0%} of the time something waited for a CPU"
        )
    if cpu.load is not None and cpu.load >= WANTED:
        return f"the host was busy meanwhile: {cpu.load:.1f} tasks wanted each CPU"
    return ""


def wrong(name: str, found: ResponseTimes) -> str:
    """Return what was wrong with a probe's answers, "" when nothing was."""
    asked = found.failed + len(found.samples_ms)
    if asked and not found.failed:
        return ""
    if not asked:
        return f"{name}: {found.problem or 'not answered'}"
    return f"{name}: {found.failed} of {asked} answers wrong: {found.problem}"
