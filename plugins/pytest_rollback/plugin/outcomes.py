"""From what a test did to how its criterion ended."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, replace
from typing import cast

import pytest

from pytest_rollback import criteria
from pytest_rollback.checks.latency import ProbeLatency
from pytest_rollback.criteria import Criterion, Outcome
from pytest_rollback.errors import RollbackError
from pytest_rollback.evidence.json_data import dump, salvage
from pytest_rollback.manifest.values import Phase
from pytest_rollback.run.run import Run

AFTER = ("drill", "validate", "monitor")
"""Suites in which an optional component is allowed to fail: the recovery goes on without it."""


def judge(
    run: Run,
    item: pytest.Item,
    criterion: Criterion,
    error: BaseException | None,
    seconds: float,
) -> Outcome:
    """Return how a criterion ended, given what its test raised; waivers are applied.

    A test whose fixture raised what an earlier test has already reported was not reached.
    """
    params = getattr(getattr(item, "callspec", None), "params", {})
    about = params.get("component")
    component = about.name if about else params.get("owner")
    outcome, message = run.judged(error), said(error)
    optional = about is not None and not about.required and criterion.suite in AFTER
    if optional and outcome in {"not met", "inconclusive"}:
        outcome, message = "advisory", f"optional (required = false), and {message}"
    excuse = criteria.waiver(run.system.waivers, criterion.identity, component) if error else None
    if excuse:
        held = criteria.holds(excuse, dt.datetime.now(dt.UTC))
        outcome = "waived" if held else outcome
        until = "until" if held else "EXPIRED"
        message += f"\nwaiver of {excuse.owner} {until} {excuse.until}: {excuse.reason}"
    bare = Outcome(
        criterion.identity,
        component,
        outcome,
        title=first_paragraph(getattr(item, "obj", None)),
        seconds=round(seconds, 3),
        phase=criterion.phase,
        message=message,
        evidence=dict(item.user_properties),
        nodeid=item.nodeid,
        code=0 if outcome in criteria.EXCUSED else code_of(error),
    )
    found = explained(bare, error, run)
    item.user_properties += properties(run, found)
    return found


def first_paragraph(test: object) -> str:
    """Return the first paragraph of a test's docstring as one line."""
    return " ".join((test.__doc__ or "").split("\n\n")[0].split())


def explained(outcome: Outcome, error: BaseException | None, run: Run) -> Outcome:
    """Return an outcome with the way out and the findings of one of our errors."""
    if not isinstance(error, RollbackError):
        return outcome
    return replace(outcome, hint=run.next_steps.completed(error.hint), findings=error.findings)


def properties(run: Run, outcome: Outcome) -> list[tuple[str, object]]:
    """Return what JUnit says of a criterion beside what it measured; budgets are seconds."""
    known = {
        "criterion": outcome.identity,
        "component": outcome.component,
        "outcome": outcome.outcome,
        "phase": outcome.phase,
        "budget": run.system.budgets.of(cast("Phase", outcome.phase)),
        "seconds": outcome.seconds,
    }
    return [(name, value) for name, value in known.items() if value is not None]


def code_of(error: BaseException | None) -> int:
    """Return the exit code that an error asks for."""
    return error.exit_code if isinstance(error, RollbackError) else int(error is not None)


def said(error: BaseException | None) -> str:
    """Return the message of an error."""
    if error is None:
        return ""
    if isinstance(error, RollbackError):
        return error.message
    if type(error).__name__ == "Skipped":
        return "it was skipped; a skipped criterion is not met"
    return str(error) or type(error).__name__


def mark(report: pytest.TestReport, outcome: Outcome, run: Run) -> None:
    """Write an outcome onto pytest's report, in types that travel between processes.

    An excused test whose fixture failed counts as skipped to pytest, which would run it otherwise.
    """
    found = {**asdict(outcome), "findings": list(outcome.findings)}
    vars(report).update(criterion=found, measured=[dump(each) for each in run.latency])
    run.latency.clear()
    text, report.longrepr = "\n".join(outcome.paragraph), None
    if outcome.outcome in criteria.AGAINST:
        report.outcome, report.longrepr = "failed", text
    elif report.when == "setup":
        report.outcome, report.longrepr = "skipped", (outcome.nodeid, 0, text)
    else:
        report.outcome = "passed"


def marked(report: pytest.TestReport) -> tuple[Outcome, list[ProbeLatency]]:
    """Return what `mark` has written onto a report, also in another process."""
    found = report.criterion
    outcome = Outcome(**{**found, "findings": tuple(found["findings"])})
    return outcome, [salvage(ProbeLatency, each) for each in report.measured]
