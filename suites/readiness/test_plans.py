"""Pre-rollback checklist: 'Verify rollback procedures tested'."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from pytest_rollback.agent.messages.backup.verify import Backups
from pytest_rollback.agent.messages.state.runs import Runs
from pytest_rollback.criteria import criterion
from pytest_rollback.errors import Advisory, Inconclusive, Refused, RollbackError
from pytest_rollback.fixtures.drills import drills, finished
from pytest_rollback.fixtures.facts import fact
from pytest_rollback.manifest.model import System
from pytest_rollback.manifest.values import PHASES
from pytest_rollback.recovery import actions, status
from pytest_rollback.recovery.action import AnyAction, Change, Scope
from pytest_rollback.text.quantities import count, part
from pytest_rollback.transport.batch import look_all
from pytest_rollback.transport.connection import Connection

Keep = Callable[[str, object], None]
RESTORING = (
    actions.RETURN_PACKAGES,
    actions.RESTORE_FILES,
    actions.REMOVE_ADDED,
    actions.RETURN_RELEASE,
    actions.RESTORE_CONFIGURATION,
)
"""While the current release is deployed, one of these has something to do."""

Steps = tuple[AnyAction, ...]
Plans = Mapping[str, tuple[Change, ...] | RollbackError]


@fact
def plans(connection: Connection, scope: Scope, steps: Steps, deployed: Backups) -> Plans:
    """The plan of every action by its name, or the error that forbids it."""
    del deployed  # without a set, or a deploy after it, there is nothing to plan
    found = look_all(connection, [action.foreseen(scope) for action in steps])
    return {action.name: plan for action, plan in zip(steps, found, strict=True)}


@criterion("readiness.plans.made", phase="prepare")
def test_every_action_can_be_planned(plans: Plans, record_property: Keep) -> None:
    """'Verify rollback procedures tested': every action of the rollback can be planned."""
    refused = {name: plan for name, plan in plans.items() if isinstance(plan, RollbackError)}
    made = {name: len(plan) for name, plan in plans.items() if isinstance(plan, tuple)}
    record_property("changes planned", made)

    if refused:
        raise Refused(
            f"{part(len(refused), len(plans), 'action')} cannot be planned",
            findings=[f"{name}: {error.message}" for name, error in refused.items()],
            hint=" - or - ".join(dict.fromkeys(error.hint for error in refused.values())),
        )
    if not any(made[action.name] for action in RESTORING):
        raise Refused(
            "there is nothing to restore: the previous release is live",
            hint="run readiness after a deploy; here the release was rolled back or never deployed",
        )


@criterion("readiness.time.fits", phase="prepare")
def test_the_estimated_time_fits(
    plans: Plans, steps: Steps, system: System, record_property: Keep
) -> None:
    """'Recovery Time Objective (RTO)': the estimated time is within the budgets and the RTO."""
    seconds = dict.fromkeys(PHASES, 0.0)
    for action in steps:
        plan = plans[action.name]
        if isinstance(plan, RollbackError):
            raise Inconclusive(
                f"no time estimate: the action '{action.name}' cannot be planned",
                hint="see readiness.plans.made",
            )
        seconds[action.phase] += sum(change.estimate for change in plan)
    record_property("estimated seconds", seconds)

    demand_time(seconds, system)


def demand_time(seconds: Mapping[Any, float], system: System) -> None:
    """Raise when a phase is longer than its budget, or all are longer than the RTO."""
    budgets = {phase: system.budgets.of(phase) for phase in PHASES}
    late = [
        f"{phase}: about {seconds[phase]:.0f} s of {budgets[phase]:.0f} s"
        for phase in PHASES
        if seconds[phase] > budgets[phase]
    ]
    total = sum(seconds.values())
    if total > system.about.rto:
        late.append(f"in all: about {total:.0f} s of {system.about.rto:.0f} s")
    if late:
        raise Refused(
            "the estimated time of a rollback is over its budget",
            findings=late,
            hint="shorten start, stop and settle of the components, or set larger [budgets]",
        )


@criterion("readiness.drill.recent", phase="prepare")
def test_a_drill_was_carried_out(runs: Runs, system: System, record_property: Keep) -> None:
    """'Verify rollback procedures tested': the last drill on this target succeeded recently."""
    last = drills(runs.runs, system.target.name)[-1:]
    record_property("last run", status.facts(last[0]) if last else "none")
    hint = "in a maintenance window or on staging: rollback drill"

    if not last:
        raise Advisory("no rollback or drill has been carried out on this target yet", hint=hint)
    if last[0].outcome != "recovered":
        raise Refused(
            f"the last drill on this target, {last[0].when[:16]} by {last[0].by}, did not succeed: "
            f"{status.words(last[0])}",
            hint=hint,
        )
    age = dt.datetime.now(dt.UTC) - finished(last[0])
    if age.total_seconds() > system.drills.max_age:
        raise Refused(
            f"the last successful drill is {count(age.days, 'day')} old; the limit is "
            f"{system.drills.max_age / 86400:.0f}",
            hint=hint,
        )
