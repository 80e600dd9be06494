"""The text format of Prometheus: every number of a run's record, with its labels."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from pytest_rollback.run.record import FINE
from pytest_rollback.run.run_record import RunRecord

OUTCOMES = ("met", "not met", "inconclusive", "not reached", "waived", "advisory")


class Gauge(NamedTuple):
    """One number with its labels."""

    name: str
    value: float
    labels: Mapping[str, str] = {}


HELP = {
    "info": "The labels identify the run; always 1.",
    "good": "1 when the verdict is good.",
    "exit_code": "The exit code of the run.",
    "started_timestamp_seconds": "Start of the run.",
    "finished_timestamp_seconds": "End of the run.",
    "criteria": "Number of criteria by outcome.",
    "criterion_met": "1 when a criterion is met.",
    "rto_seconds": "The recovery time objective.",
    "elapsed_seconds": "Time from the decision to the last success criterion.",
    "margin_seconds": "Time left of the objective; negative when it was missed.",
    "outage_seconds": "Time during which users got errors.",
    "maintenance_seconds": "Time during which users got the maintenance page.",
    "phase_seconds": "Duration of each phase.",
    "phase_budget_seconds": "Budget of each phase.",
    "probe_seconds": "Response times of each probe.",
    "probe_limit_seconds": "Limit for the 95th percentile of each probe.",
}


def prometheus(record: RunRecord, code: int) -> str:
    """Return the text format of Prometheus, as its node exporter reads it from a directory."""
    lines: list[str] = []
    found = [*gauges(record, code)]
    for name in dict.fromkeys(each.name for each in found):
        lines += [f"# HELP rollback_{name} {HELP[name]}", f"# TYPE rollback_{name} gauge"]
        lines += [sample(each) for each in found if each.name == name]
    return "\n".join(lines) + "\n"


def sample(gauge: Gauge) -> str:
    """Return one line."""
    labels = ",".join(f'{name}="{escaped(value)}"' for name, value in gauge.labels.items())
    return f"rollback_{gauge.name}{f'{{{labels}}}' if labels else ''} {gauge.value:.12g}"


def escaped(value: str) -> str:
    """Return a label's value as the format wants it."""
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def gauges(record: RunRecord, code: int) -> Iterator[Gauge]:
    """Yield every number of a record; what was not measured is left out."""
    names = {"system": record.system, "target": record.target.name}
    yield Gauge("info", 1, {**names, "run": record.run, "verdict": record.verdict})
    yield Gauge("good", int(record.verdict in FINE), names)
    yield Gauge("exit_code", code, names)
    for name, text in (("started", record.started), ("finished", record.finished)):
        when = dt.datetime.fromisoformat(text).timestamp()
        yield Gauge(f"{name}_timestamp_seconds", when, names)
    counted = Counter(each.outcome for each in record.criteria)
    for outcome in OUTCOMES:
        yield Gauge("criteria", counted[outcome], {**names, "outcome": outcome})
    for each in record.criteria:
        labels = {"criterion": each.id, "component": each.component or ""}
        yield Gauge("criterion_met", int(each.outcome == "met"), {**names, **labels})
    yield from times(record, names)
    yield from phases(record, names)
    yield from probes(record, names)


def times(record: RunRecord, names: Mapping[str, str]) -> Iterator[Gauge]:
    """Yield how long the run took, and how long users got something else than the system."""
    found = {
        "rto": record.rto,
        "elapsed": record.elapsed,
        "margin": record.margin,
        "outage": record.outage_seconds,
        "maintenance": record.maintenance_seconds,
    }
    for name, seconds in found.items():
        if seconds is not None:
            yield Gauge(f"{name}_seconds", seconds, names)


def phases(record: RunRecord, names: Mapping[str, str]) -> Iterator[Gauge]:
    """Yield how long each phase took, of how long it may."""
    for each in record.phases:
        labels = {**names, "phase": each.name}
        if each.seconds is not None:
            yield Gauge("phase_seconds", each.seconds, labels)
        if each.budget is not None:
            yield Gauge("phase_budget_seconds", each.budget, labels)


def probes(record: RunRecord, names: Mapping[str, str]) -> Iterator[Gauge]:
    """Yield the percentiles of each probe that was measured."""
    for each in record.latency:
        labels = {**names, "component": each.component, "probe": each.probe}
        for value, quantile in ((each.p50, "0.5"), (each.p95, "0.95"), (each.max, "1")):
            if value is not None:
                yield Gauge("probe_seconds", value / 1000, {**labels, "quantile": quantile})
        if each.limit_ms is not None:
            yield Gauge("probe_limit_seconds", each.limit_ms / 1000, labels)
