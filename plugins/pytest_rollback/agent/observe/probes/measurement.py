"""Measures many probes in one go: one after the other, so that none slows the others down."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Dict, Iterator, List, Optional, Tuple

from ...messages.probes.measurement import Measurements, MeasureRequest, Percentiles, ResponseTimes
from ...messages.probes.sample import ProbeSpec
from ...system import cpu
from . import percentiles, sample
from . import request as ways

SLOW = 0.05
"""Seconds of a first answer from which a probe is measured beside others: it mostly waits."""

TOGETHER = 8
"""Probes that are asked at the same time, at most."""

EACH = 5
"""Answers that each of several users gets at a time."""

MOST = 4
"""Times as many samples as asked for, while the interval of the p95 straddles the limit."""


def measure(request: MeasureRequest) -> Measurements:
    """Return the response times of each probe, with their percentiles.

    What asking takes (p50) is measured beside them. A probe that is down costs little time.
    """
    asked, until = request.probes, time.monotonic() + request.timeout
    costs = overheads(asked)

    def measured(name: str) -> ResponseTimes:
        return one(asked[name], costs[asked[name].kind], until)

    with ThreadPoolExecutor(TOGETHER) as pool:
        quick = {
            name
            for name, is_quick in zip(asked, pool.map(answers_fast, asked.values()))
            if is_quick
        }
        found = {name: measured(name) for name in asked if name in quick}
        slow = [name for name in asked if name not in quick]
        found.update(zip(slow, pool.map(measured, slow)))
    return Measurements({name: found[name] for name in asked})


def answers_fast(probe: ProbeSpec) -> bool:
    """Return whether a probe answers, and at once. The first answer may take longer than others."""
    with ways.client(probe) as client:
        answer = client.ask()
    return answer.problem is None and answer.seconds < SLOW


def overheads(asked: Dict[str, ProbeSpec]) -> Dict[str, Optional[float]]:
    """Return what asking in each way takes, in milliseconds."""
    kinds = {probe.kind: probe for probe in asked.values()}
    return {kind: sample.overhead(probe, sample.NULL_SAMPLES) for kind, probe in kinds.items()}


def one(probe: ProbeSpec, overhead: Optional[float], until: float) -> ResponseTimes:
    """Return the times of one probe, with more samples where the p95 may be beyond the limit."""
    times: List[float] = []
    failed, problem, found = 0, None, None
    for series in asked_again(probe, until):
        times += series.times
        failed, problem = failed + series.failed, problem or series.problem
        found = percentiles.summary(times)
        if failed > len(times) or is_enough(found, len(times), probe):
            break
    if not failed:
        failed, problem = crowded(probe, until)
    rounded = tuple(round(each, 3) for each in times)
    return ResponseTimes(rounded, failed, problem, overhead, found, cpu.waiting())


def crowded(probe: ProbeSpec, until: float) -> Tuple[int, Optional[str]]:
    """Return how many answers are wrong when several users ask at a time, and what was first.

    One after the other, everything answers that has one worker left, or one connection.
    """
    if probe.concurrency <= 1:
        return 0, None
    with ThreadPoolExecutor(probe.concurrency) as pool:
        asked = [pool.submit(sample.measured, probe, EACH, until) for _ in range(probe.concurrency)]
        found = [each.result() for each in asked]
    problem = next((each.problem for each in found if each.problem), None)
    words = f"with {probe.concurrency} at a time: {problem}"
    return sum(each.failed for each in found), words if problem else None


def asked_again(probe: ProbeSpec, until: float) -> Iterator[sample.SampleSeries]:
    """Yield one series after the other until time is up; there is always one."""
    while True:
        yield sample.measured(probe, probe.samples, until)
        if time.monotonic() > until:
            return


def is_enough(found: Optional[Percentiles], count: int, probe: ProbeSpec) -> bool:
    """Return whether more samples would change nothing, or there are too many already."""
    if count < probe.samples:  # some answers were wrong
        return False
    return count >= MOST * probe.samples or not straddles(found, probe.limit * 1000)


def straddles(found: Optional[Percentiles], limit: float) -> bool:
    """Return whether the p95 may be on either side of the limit."""
    return found is not None and found.low <= limit < found.high
