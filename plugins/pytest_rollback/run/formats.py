"""The result of a run for other machines: JSON, Prometheus' text format, a Nagios plugin's line.

Gauges are in seconds. What is written holds no secret: the record is redacted, and Prometheus and
Nagios get names and numbers alone.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from pytest_rollback.errors import RTO_MISSED, Inconclusive, UsageError
from pytest_rollback.evidence.json_data import dump
from pytest_rollback.run.record import FINE
from pytest_rollback.run.run_record import RunRecord

EXAMPLE = "--rollback-format=json:PATH,prometheus:PATH,nagios"
OK, WARNING, CRITICAL, UNKNOWN = range(4)
STATES = ("OK", "WARNING", "CRITICAL", "UNKNOWN")
MILD = {"FIX IN PLACE", "ISOLATED"}
COULD_NOT_RUN = {2, 4, 5, 7, 12, 13, Inconclusive.exit_code}
"""Exit codes that say nothing about the system: stopped, misused, shut out, inconclusive."""

OUTCOMES = ("met", "not met", "inconclusive", "not reached", "waived", "advisory")


class OutputFormat(NamedTuple):
    """One format, and the file that it goes to; Nagios reads what is printed."""

    kind: str
    path: Path | None = None


def wanted(text: str | None) -> tuple[OutputFormat, ...]:
    """Return the formats that an option names.

    Raises:
        UsageError: one of them is unknown, or has a path too many or too few.
    """
    found = []
    for each in (text or "").split(",") if text is not None else ():
        kind, colon, path = each.strip().partition(":")
        problem = ""
        if kind not in {"json", "prometheus", "nagios"}:
            problem = f"found {kind!r}, expected json, prometheus or nagios"
        elif (kind == "nagios") == bool(colon) or (colon and not path):
            problem = f"found {each!r}: json and prometheus need a path, nagios takes none"
        if problem:
            raise UsageError(f"--rollback-format: {problem}", hint=f"such as {EXAMPLE}")
        found.append(OutputFormat(kind, Path(path) if path else None))
    return tuple(found)


def asks_nagios(text: str | None) -> bool:
    """Tell whether an option, right or wrong, asks for a Nagios plugin's behaviour."""
    return any(each.strip() == "nagios" for each in (text or "").split(","))


def write(path: Path, text: str, mode: int) -> None:
    """Put a file in its place at once: whoever reads it finds the old one or the new one.

    Raises:
        OSError: it cannot be written.
    """
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    try:
        with os.fdopen(os.open(fresh, flags, mode), "w", encoding="utf-8") as file:
            file.write(text)
        fresh.replace(path)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise


def as_json(record: RunRecord, code: int) -> str:
    """Return everything that the report states, and the exit code."""
    return json.dumps({**dump(record), "exit_code": code}, indent=2) + "\n"


class Gauge(NamedTuple):
    """One number with its labels."""

    name: str
    value: float
    labels: Mapping[str, str] = {}


HELP = {
    "info": "Which run this is; always 1.",
    "good": "1 when the verdict is a good one.",
    "exit_code": "The exit code of the run.",
    "started_timestamp_seconds": "When the run began.",
    "finished_timestamp_seconds": "When the run ended.",
    "criteria": "How many criteria ended in which way.",
    "criterion_met": "1 when a criterion is met.",
    "rto_seconds": "The recovery time objective.",
    "elapsed_seconds": "From the decision to the last success criterion.",
    "margin_seconds": "What was left of the objective; negative when it was missed.",
    "outage_seconds": "How long users got errors.",
    "maintenance_seconds": "How long users got the maintenance page.",
    "phase_seconds": "How long each phase took.",
    "phase_budget_seconds": "How long each phase may take.",
    "probe_seconds": "Response times of each probe.",
    "probe_limit_seconds": "What the 95th percentile of each probe stays below.",
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


def state(record: RunRecord, code: int) -> int:
    """Return what a run is to Nagios: 0 OK, 1 warning, 2 critical, 3 could not run."""
    if code in COULD_NOT_RUN:
        return UNKNOWN
    if code == RTO_MISSED or record.verdict in MILD or record.verdict.startswith("ISOLATE "):
        return WARNING
    if code:
        return CRITICAL
    mild = any(each.outcome in {"advisory", "waived"} for each in record.criteria)
    return WARNING if mild else OK


def nagios(record: RunRecord, code: int) -> str:
    """Return the one line of a Nagios plugin: state, verdict, the first reason, numbers."""
    reason = next(iter(record.reasons), "")
    text = f"{record.sentence}; {reason}" if reason else record.sentence
    words = " ".join(text.replace("|", "/").split())
    rto = record.rto or 0.0
    numbers = {
        "elapsed": (record.elapsed, f"s;{rto:g};{rto:g};0;"),
        "outage": (record.outage_seconds, "s;;;0;"),
        "maintenance": (record.maintenance_seconds, "s;;;0;"),
        "not_met": (sum(each.outcome == "not met" for each in record.criteria), ";;;0;"),
    }
    data = " ".join(f"{k}={v:g}{unit}" for k, (v, unit) in numbers.items() if v is not None)
    return f"ROLLBACK {STATES[state(record, code)]} - {words} | {data}"


def unknown(message: str) -> str:
    """Return the line of a run that could not even begin."""
    return f"ROLLBACK UNKNOWN - {' '.join(message.replace('|', '/').split())}"


def refuse(text: str | None, message: str) -> bool:
    """Print Nagios' line for a run that cannot begin; tell whether Nagios is who asked."""
    if asks_nagios(text):
        sys.stdout.write(unknown(message) + "\n")
    return asks_nagios(text)
