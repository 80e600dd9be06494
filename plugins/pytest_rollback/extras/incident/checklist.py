"""The procedure's checklists as data: each item, and what a run must have shown to tick it.

The lists are those of a usual rollback procedure, the same for any system. An item is ticked by
nothing but criteria that this run checked and found met, for every component, by actions that this
run proved done, by messages that were accepted, and by people, with name and time. What a criterion
found missing nobody can tick. What nobody ticked in time is missing; afterwards it is late.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from pytest_rollback.criteria import Outcome
from pytest_rollback.evidence import signoffs
from pytest_rollback.evidence.events import (
    ActionAdvisory,
    ActionBegun,
    ActionDone,
    ActionEvent,
    ActionFailed,
    Decided,
    Event,
    MessageSent,
    RunFinished,
)
from pytest_rollback.run.run_record import ChecklistEntry

PRE, EXECUTION, SUCCESS, POST, FOLLOW = (
    "Pre-rollback",
    "Rollback execution",
    "Success criteria",
    "Post-rollback",
    "Follow-up",
)
DUE: Mapping[str, tuple[type[Event], float]] = {
    PRE: (Decided, 120.0),
    POST: (RunFinished, 900.0),
    FOLLOW: (RunFinished, 86400.0),
}
"""Until when the items of a list are done: so many seconds after an event of a rollback."""


ENDS: Mapping[type[Event], str] = {
    ActionBegun: "begun",
    ActionDone: "done",
    ActionFailed: "failed",
    ActionAdvisory: "advisory",
}
"""What an event says of its action."""


class ChecklistItem(NamedTuple):
    """One line of a checklist.

    Args:
        list, text: which list, and what it says.
        needs: groups of criterion ids; of each group at least one was checked, and all that
            were are met.
        actions: names of actions, each done in this run.
        told: the messages of which one, accepted everywhere, ticks it.
    """

    list: str
    text: str
    needs: tuple[tuple[str, ...], ...] = ()
    actions: tuple[str, ...] = ()
    told: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Its short name, for people who tick it."""
        return signoffs.slug(self.text)


ITEMS: tuple[ChecklistItem, ...] = (
    ChecklistItem(PRE, "Identify affected components"),
    ChecklistItem(PRE, "Estimate user impact"),
    ChecklistItem(PRE, "Notify stakeholders", told=("start",)),
    ChecklistItem(PRE, "Document current system state", (("drill.state.saved",),)),
    ChecklistItem(PRE, "Export configuration and recent logs", (("drill.state.saved",),)),
    ChecklistItem(
        PRE,
        "Confirm backup files exist",
        (
            ("readiness.backups.complete",),
            ("readiness.backups.nonempty",),
            ("readiness.backups.intact",),
        ),
    ),
    ChecklistItem(PRE, "Verify rollback procedure tested", (("readiness.drill.recent",),)),
    ChecklistItem(
        PRE,
        "Check rollback dependencies available",
        (
            ("readiness.tools.present",),
            ("readiness.rights.suffice",),
            ("readiness.space.suffices",),
        ),
    ),
    ChecklistItem(
        EXECUTION, "Components isolated", (("drill.units.stopped",),), ("isolate components",)
    ),
    ChecklistItem(
        EXECUTION, "Users routed to the maintenance page", (("drill.maintenance.shown",),)
    ),
    ChecklistItem(
        EXECUTION,
        "Files restored from backup",
        (("drill.files.restored",), ("drill.files.added_gone",)),
        ("restore files",),
    ),
    ChecklistItem(
        EXECUTION,
        "Configuration reverted",
        (("drill.configuration.restored",), ("drill.units.installed",)),
    ),
    ChecklistItem(EXECUTION, "Import paths restored", (("drill.caches.cleared",),)),
    ChecklistItem(
        EXECUTION,
        "Services restarted in order",
        (("drill.services.started",),),
        ("start services",),
    ),
    ChecklistItem(EXECUTION, "Health checks passing", (("drill.health.answers",),)),
    ChecklistItem(EXECUTION, "Maintenance page removed", (("drill.maintenance.lifted",),)),
    ChecklistItem(
        SUCCESS,
        "All services start successfully",
        (("validate.units.active",), ("validate.units.stable",)),
    ),
    ChecklistItem(SUCCESS, "Health checks return OK", (("validate.health.answers",),)),
    ChecklistItem(
        SUCCESS,
        "Response times within baseline",
        (
            ("validate.latency.within_limit", "validate.constructs.in_time"),
            ("validate.latency.within_baseline",),
        ),
    ),
    ChecklistItem(SUCCESS, "No error logs in past 5 minutes", (("validate.logs.clean",),)),
    ChecklistItem(
        SUCCESS, "User requests processed successfully", (("validate.requests.processed",),)
    ),
    ChecklistItem(
        POST,
        "Monitor system for 15 minutes minimum",
        (("monitor.health.steady",), ("monitor.restarts.none",), ("monitor.logs.clean",)),
    ),
    ChecklistItem(
        POST,
        "Verify user experience restored",
        (
            ("validate.requests.processed",),
            ("validate.maintenance.lifted", "drill.maintenance.lifted"),
        ),
    ),
    ChecklistItem(POST, "Update status page, notify team", told=("recovery", "failure")),
    ChecklistItem(POST, "Provide preliminary incident summary"),
    ChecklistItem(POST, "Export logs from incident period", (("drill.state.saved",),)),
    ChecklistItem(POST, "Document rollback timeline"),
    ChecklistItem(FOLLOW, "Root cause analysis completed"),
    ChecklistItem(FOLLOW, "Prevention measures identified"),
    ChecklistItem(FOLLOW, "Rollback procedure reviewed"),
    ChecklistItem(FOLLOW, "Rollback documentation updated"),
    ChecklistItem(FOLLOW, "Additional monitoring implemented"),
    ChecklistItem(FOLLOW, "Health checks added to prevent future issues"),
    ChecklistItem(FOLLOW, "Circuit breakers considered"),
)


def checklist(
    outcomes: Iterable[Outcome],
    events: Iterable[Event],
    items: Sequence[ChecklistItem] = ITEMS,
    now: dt.datetime | None = None,
) -> list[ChecklistEntry]:
    """Return every item with its state - done, late, missing or not checked - and what says so.

    Without `now` nothing is missing for its time.
    """
    told = list(events)
    results: dict[str, set[str]] = {}
    for each in outcomes:
        results.setdefault(each.identity, set()).add(each.outcome)
    done, ticks, ends = acted(told), signoffs.ticks(told), deadlines(told)
    found = []
    for item in items:
        own, by = state(item, results, done), seen(item, results, done)
        if own == "not checked" and accepted(item, told):
            own, by = "done", [*by, "messages"]
        if own == "not checked":
            tick, due = ticks.get(item.key), ends.get(item.list)
            own = by_people(tick, due, now)
            by = [*by, *([tick.words] if tick else [])]
        found.append(ChecklistEntry(item.list, item.text, item.key, own, tuple(by)))
    return found


def deadlines(events: Iterable[Event]) -> dict[str, dt.datetime]:
    """Return until when each list is to be done; none of them where nothing was rolled back."""
    ends = {type(each): each.moment for each in events}
    if ends.get(Decided) is None:
        return {}
    return {
        name: at + dt.timedelta(seconds=seconds)
        for name, (kind, seconds) in DUE.items()
        if (at := ends.get(kind)) is not None
    }


def by_people(
    tick: signoffs.SignOff | None, due: dt.datetime | None, now: dt.datetime | None
) -> str:
    """Return the state of an item that only people can tick."""
    if tick is not None:
        return "late" if due is not None and tick.at > due else "done"
    return "missing" if due is not None and now is not None and now > due else "not checked"


def accepted(item: ChecklistItem, events: Iterable[Event]) -> bool:
    """Return whether a message of an item was sent and accepted by all channels."""
    sent = [each for each in events if isinstance(each, MessageSent)]
    outcomes = [{each.outcome for each in sent if each.about == one} for one in item.told]
    return any(found == {"accepted"} for found in outcomes)


def acted(events: Iterable[Event]) -> dict[str, str]:
    """Return how each action of this run ended last: done, or what was noted instead."""
    mine = [each for each in events if isinstance(each, ActionEvent) and type(each) in ENDS]
    return {each.action: ENDS[type(each)] for each in mine}


def state(item: ChecklistItem, results: Mapping[str, set[str]], done: Mapping[str, str]) -> str:
    """Return what a run showed of an item. One failure is enough to miss it."""
    known = [results[each] for group in item.needs for each in group if each in results]
    ends = [done.get(action) for action in item.actions]
    if any("not met" in each or "advisory" in each for each in known) or "failed" in ends:
        return "missing"
    groups = [met(group, results) for group in item.needs]
    shown = [*groups, *(end == "done" for end in ends)]
    return "done" if shown and all(shown) else "not checked"


def met(group: Iterable[str], results: Mapping[str, set[str]]) -> bool:
    """Return whether a criterion of a group was checked, and all that were are met everywhere."""
    checked = [results[each] for each in group if each in results]
    return bool(checked) and all(each == {"met"} for each in checked)


def seen(
    item: ChecklistItem, results: Mapping[str, set[str]], done: Mapping[str, str]
) -> list[str]:
    """Return the criteria and actions of an item that took part in this run."""
    criteria = [each for group in item.needs for each in group if each in results]
    return [*criteria, *(action for action in item.actions if action in done)]
