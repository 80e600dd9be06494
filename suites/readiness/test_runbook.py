"""Pre-rollback checklist: 'Verify rollback procedures tested', for the runbook, line by line."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

from pytest_rollback.agent.messages.state.runs import Runs
from pytest_rollback.criteria import criterion
from pytest_rollback.errors import Advisory, Inconclusive, Refused
from pytest_rollback.extras.runbook.age import stale
from pytest_rollback.fixtures.drills import drills, finished
from pytest_rollback.fixtures.runbook import RunbookCheck
from pytest_rollback.manifest.model import System
from pytest_rollback.text.quantities import count

Keep = Callable[[str, object], None]


@criterion("readiness.runbook.true", phase="prepare", needs=("runbook",))
def test_the_runbook_is_true(runbook: RunbookCheck | None, record_property: Keep) -> None:
    """'Verify rollback procedures tested': the runbook has no dead references or known pitfalls.

    No command of the runbook is run. Without [runbook] the criterion is met.
    """
    record_property("runbook", runbook.path if runbook else "no runbook described")
    record_property("named", dict(runbook.drift.named) if runbook else "nothing")
    missing = runbook.drift.missing if runbook else ()
    known = runbook.traps if runbook else ()
    unknown = runbook.drift.unknown if runbook else ()

    if missing or known:
        raise Refused(
            f"the runbook has {count(len(missing), 'dead reference')} and "
            f"{count(len(known), 'known pitfall')}",
            findings=[*missing, *known, *unknown],
            hint=f"correct these lines of {runbook.path if runbook else ''}",
        )
    if runbook and (unknown or not runbook.drift.named):
        raise Inconclusive(
            f"{count(len(unknown), 'reference')} of the runbook could not be checked"
            if unknown
            else "the runbook has no code blocks with commands",
            findings=unknown,
            hint=f"see the findings, or correct {runbook.path}",
        )


@criterion("readiness.runbook.reviewed", phase="prepare", needs=("runbook",))
def test_the_runbook_was_reviewed(runs: Runs, page: Path | None, system: System) -> None:
    """'Verify rollback procedures tested': the review of the runbook is up to date.

    It was not changed after the last successful drill, and its review date has not passed.
    Without [runbook] the criterion is met.
    """
    mine = drills(runs.runs, system.target.name)
    good = [run for run in mine if run.outcome == "recovered"]
    drilled = finished(good[-1]) if good else None
    old = list(stale(page, drilled, dt.datetime.now(dt.UTC).date())) if page else []

    if old:
        raise Advisory(
            "the runbook was changed after the last successful drill, or its review is overdue",
            findings=old,
            hint="review it, then, in a maintenance window or on staging: rollback drill",
        )
