"""Measures many probes in one go: one after the other, so that none slows the others down."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Iterator

from . import percentiles, request, sample

SLOW = 0.05
"""Seconds of a first answer from which a probe is measured beside others: it mostly waits."""

TOGETHER = 8
"""Probes that are asked at the same time, at most."""

MOST = 4
"""Times as many samples as asked for, while the interval of the p95 straddles the limit."""


def measure(question: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the response times of each probe, in milliseconds, with their percentiles.

    `overhead` is what asking takes against a peer that does nothing (p50), measured beside them;
    `samples` in the question overrides those of the probes. A probe that is down costs little.
    """
    asked: dict[str, dict[str, Any]] = question["probes"]
    until = time.monotonic() + question["timeout"]
    costs = overheads(asked)
    wanted = {name: question.get("samples") or probe["samples"] for name, probe in asked.items()}

    def measured(name: str) -> dict[str, Any]:
        return one(asked[name], wanted[name], until)

    with ThreadPoolExecutor(TOGETHER) as pool:
        quick = {
            name
            for name, is_quick in zip(asked, pool.map(answers_fast, asked.values()))
            if is_quick
        }
        found = {name: measured(name) for name in asked if name in quick}
        slow = [name for name in asked if name not in quick]
        found.update(zip(slow, pool.map(measured, slow)))
    return {
        name: {**found[name], "overhead": costs[request.kind_of(probe)]}
        for name, probe in asked.items()
    }


def answers_fast(probe: dict[str, Any]) -> bool:
    """Tell whether a probe answers, and at once. This also wakes up what had not been used yet."""
    with request.client(probe) as client:
        answer = client.ask()
    return answer.problem is None and answer.seconds < SLOW


def overheads(asked: dict[str, dict[str, Any]]) -> dict[str, float | None]:
    """Return what asking in each way costs, in milliseconds."""
    kinds = {request.kind_of(probe): probe for probe in asked.values()}
    return {kind: sample.overhead(probe, sample.NULL_SAMPLES) for kind, probe in kinds.items()}


def one(probe: dict[str, Any], wanted: int, until: float) -> dict[str, Any]:
    """Return the series of one probe, with more samples where they could settle the matter."""
    times: list[float] = []
    failed, problem = 0, None
    for series in asked_again(probe, wanted, until):
        times += series.times
        failed, problem = failed + series.failed, problem or series.problem
        found = percentiles.summary(times)
        if failed > len(times) or is_enough(found, times, wanted, probe["limit"] * 1000):
            break
    rounded = [round(each, 3) for each in times]
    return {"samples_ms": rounded, "failed": failed, "problem": problem, **found}


def asked_again(probe: dict[str, Any], wanted: int, until: float) -> Iterator[sample.SampleSeries]:
    """Yield one series after the other until time is up; there is always one."""
    while True:
        yield sample.measured(probe, wanted, until)
        if time.monotonic() > until:
            return


def is_enough(found: dict[str, Any], times: list[float], wanted: int, limit: float) -> bool:
    """Tell whether more samples would change nothing, or there are too many already."""
    if len(times) < wanted:  # some answers were wrong
        return False
    return len(times) >= MOST * wanted or not straddles(found, limit)


def straddles(found: dict[str, Any], limit: float) -> bool:
    """Tell whether the p95 may be on either side of the limit."""
    return found["p95"] is not None and bool(found["low"] <= limit < found["high"])
