"""One line and an exit code, as Nagios expects them of a plugin."""

from __future__ import annotations

from pytest_rollback.errors import PARTIAL, RTO_MISSED, Inconclusive
from pytest_rollback.run.extra_types import ResultText
from pytest_rollback.run.run_record import RunRecord

OK, WARNING, CRITICAL, UNKNOWN = range(4)
STATES = ("OK", "WARNING", "CRITICAL", "UNKNOWN")
MILD = {"FIX IN PLACE", "ISOLATED"}
COULD_NOT_RUN = {2, 4, 5, 7, 12, 13, Inconclusive.exit_code, PARTIAL}
"""Exit codes that say nothing about the system: stopped, misused, shut out, or not whole."""


def result(record: RunRecord, code: int, problems: tuple[str, ...]) -> ResultText:
    """Return the line and the exit code of a run; a file that could not be written is unknown."""
    if problems:
        return ResultText(unknown(problems[0]), code=UNKNOWN)
    return ResultText(nagios(record, code), code=state(record, code))


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
