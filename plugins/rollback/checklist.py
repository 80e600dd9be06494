"""The procedure's checklists as data: each item, and what a run must have shown to tick it.

The lists are those of a usual rollback procedure, the same for any system. An item is ticked by
nothing but criteria that this run checked and found met, for every component, and by actions
that this run proved done. What people do and no criterion sees stays "not checked".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from rollback.criteria import Outcome

PRE, EXECUTION, SUCCESS, POST = (
    "Pre-rollback",
    "Rollback execution",
    "Success criteria",
    "Post-rollback",
)


class Item(NamedTuple):
    """One line of a checklist.

    Args:
        list, text: which list, and what it says.
        needs: groups of criterion ids; of each group at least one was checked, and all that
            were are met.
        actions: names of actions, each done in this run.
    """

    list: str
    text: str
    needs: tuple[tuple[str, ...], ...] = ()
    actions: tuple[str, ...] = ()


ITEMS: tuple[Item, ...] = (
    Item(PRE, "Identify affected components"),
    Item(PRE, "Estimate user impact"),
    Item(PRE, "Notify stakeholders"),
    Item(PRE, "Document current system state", (("drill.state.saved",),)),
    Item(PRE, "Export configuration and recent logs", (("drill.state.saved",),)),
    Item(
        PRE,
        "Confirm backup files exist",
        (
            ("readiness.backups.complete",),
            ("readiness.backups.nonempty",),
            ("readiness.backups.intact",),
        ),
    ),
    Item(PRE, "Verify rollback procedure tested", (("readiness.drill.recent",),)),
    Item(
        PRE,
        "Check rollback dependencies available",
        (
            ("readiness.tools.present",),
            ("readiness.rights.suffice",),
            ("readiness.space.suffices",),
        ),
    ),
    Item(EXECUTION, "Components isolated", (("drill.units.stopped",),), ("isolate components",)),
    Item(EXECUTION, "Users routed to the maintenance page", (("drill.maintenance.shown",),)),
    Item(
        EXECUTION,
        "Files restored from backup",
        (("drill.files.restored",), ("drill.files.added_gone",)),
        ("restore files",),
    ),
    Item(
        EXECUTION,
        "Configuration reverted",
        (("drill.configuration.restored",), ("drill.units.installed",)),
    ),
    Item(EXECUTION, "Import paths restored", (("drill.caches.cleared",),)),
    Item(
        EXECUTION,
        "Services restarted in order",
        (("drill.services.started",),),
        ("start services",),
    ),
    Item(EXECUTION, "Health checks passing", (("drill.health.answers",),)),
    Item(EXECUTION, "Maintenance page taken away", (("drill.maintenance.lifted",),)),
    Item(
        SUCCESS,
        "All services start successfully",
        (("validate.units.active",), ("validate.units.stable",)),
    ),
    Item(SUCCESS, "Health checks return OK", (("validate.health.answers",),)),
    Item(
        SUCCESS,
        "Response times within baseline",
        (
            ("validate.latency.within_limit", "validate.constructs.in_time"),
            ("validate.latency.within_baseline",),
        ),
    ),
    Item(SUCCESS, "No error logs in past 5 minutes", (("validate.logs.clean",),)),
    Item(SUCCESS, "User requests processed successfully", (("validate.requests.processed",),)),
    Item(POST, "Monitor system for 15 minutes minimum"),
    Item(
        POST,
        "Verify user experience restored",
        (
            ("validate.requests.processed",),
            ("validate.maintenance.lifted", "drill.maintenance.lifted"),
        ),
    ),
    Item(POST, "Update status page, notify team"),
    Item(POST, "Provide preliminary incident summary"),
    Item(POST, "Export logs from incident period", (("drill.state.saved",),)),
)


def checklist(
    outcomes: Iterable[Outcome], events: Iterable[Mapping[str, Any]], items: Sequence[Item] = ITEMS
) -> list[dict[str, Any]]:
    """Return every item with its state - done, missing or not checked - and what says so."""
    results: dict[str, set[str]] = {}
    for each in outcomes:
        results.setdefault(each.identity, set()).add(each.outcome)
    done = acted(events)
    return [
        {"list": item.list, "item": item.text, "state": state(item, results, done), "by": by}
        for item in items
        for by in [seen(item, results, done)]
    ]


def acted(events: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return how each action of this run ended last: done, or what was noted instead."""
    ends = ("action", "done", "failed", "advisory")
    return {str(each["action"]): str(each["event"]) for each in events if each["event"] in ends}


def state(item: Item, results: Mapping[str, set[str]], done: Mapping[str, str]) -> str:
    """Return what a run showed of an item. One failure is enough to miss it."""
    known = [results[each] for group in item.needs for each in group if each in results]
    ends = [done.get(action) for action in item.actions]
    if any("not met" in each or "advisory" in each for each in known) or "failed" in ends:
        return "missing"
    groups = [met(group, results) for group in item.needs]
    shown = [*groups, *(end == "done" for end in ends)]
    return "done" if shown and all(shown) else "not checked"


def met(group: Iterable[str], results: Mapping[str, set[str]]) -> bool:
    """Tell whether a criterion of a group was checked, and all that were are met everywhere."""
    checked = [results[each] for each in group if each in results]
    return bool(checked) and all(each == {"met"} for each in checked)


def seen(item: Item, results: Mapping[str, set[str]], done: Mapping[str, str]) -> list[str]:
    """Return the criteria and actions of an item that took part in this run."""
    criteria = [each for group in item.needs for each in group if each in results]
    return [*criteria, *(action for action in item.actions if action in done)]
