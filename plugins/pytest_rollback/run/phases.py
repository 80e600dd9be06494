"""From the timeline to the phases of the procedure: when each began, how long, what, how it ended.

A phase lasts from its first event until the next phase begins, so that all the time since the
decision belongs to a phase: the first one begins with it, the last one ends with the last
criterion.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from pytest_rollback.criteria import Outcome
from pytest_rollback.manifest.model import PHASES, Budgets

Event = Mapping[str, Any]

BAD = frozenset({"not met", "inconclusive"})
RECOVERY = frozenset({"drill", "validate"})


def phases(
    budgets: Budgets,
    events: Sequence[Event],
    outcomes: Iterable[Outcome],
    elapsed: float | None,
) -> list[dict[str, Any]]:
    """Return every phase in order; none where the clock was never started."""
    start = next((float(each["offset"]) for each in events if each["event"] == "decided"), None)
    if start is None:
        return []
    since = [each for each in events if each["offset"] >= start]
    lasted = spans(since, start, elapsed or 0.0)
    missed = {each.phase for each in outcomes if each.suite in RECOVERY and each.outcome in BAD}
    return [
        lane(name, budgets.of(name), lasted.get(name), mine)
        | ({"state": "failed"} if name in lasted and failed(mine, name in missed) else {})
        for name in PHASES
        for mine in [[each for each in since if each.get("phase") == name]]
    ]


def spans(
    events: Collection[Event], start: float, elapsed: float
) -> dict[str, tuple[float, float]]:
    """Return begin and end of each phase that was reached, in seconds since the decision."""
    ordered = sorted(begun(events, start).items(), key=lambda found: found[1])
    begins = [begin for _, begin in ordered]
    last = elapsed or max((float(each["offset"]) - start for each in events), default=0.0)
    ends = [*begins[1:], max([last, *begins[-1:]])]
    return {name: (begin, end) for (name, begin), end in zip(ordered, ends, strict=False)}


def begun(events: Iterable[Event], start: float) -> dict[str, float]:
    """Return when each phase that was reached began, in seconds since the decision.

    A criterion's event is its end; it began so many seconds before, but after the event that
    stands before it: what it asked for, such as an action, has events and a phase of its own.
    """
    found: dict[str, float] = {}
    before = 0.0
    for each in events:
        end = float(each["offset"]) - start
        took = float(each.get("seconds") or 0) if each["event"] == "criterion" else 0.0
        if each.get("phase") and each.get("outcome") != "not reached":
            found.setdefault(each["phase"], max(before, end - took) if found else 0.0)
        before = end
    return found


def lane(
    name: str, budget: float, lasted: tuple[float, float] | None, mine: Sequence[Event]
) -> dict[str, Any]:
    """Return one phase as far as time tells: done, over budget, or not reached."""
    begin, seconds = (None, None) if lasted is None else (lasted[0], lasted[1] - lasted[0])
    state = "done"
    if seconds is None:
        state = "not reached"
    elif seconds > budget:
        state = "over budget"
    return {
        "name": name,
        "budget": budget,
        "begin": to_ms(begin),
        "seconds": to_ms(seconds),
        "state": state,
        "changes": changes(mine),
    }


def failed(mine: Sequence[Event], missed: bool) -> bool:  # noqa: FBT001 - read beside its caller
    """Tell whether a phase did not do what it is for: an action, a change or a criterion failed.

    What an optional component's action could not do is advice, and no failure of its phase.
    """
    optional = {each["action"] for each in mine if each["event"] == "advisory"}
    vital = [each for each in mine if each.get("action") not in optional]
    unended = any(each["seconds"] is None for each in changes(vital))
    return missed or unended or any(each["event"] == "failed" for each in vital)


def changes(mine: Iterable[Event]) -> list[dict[str, Any]]:
    """Return what a phase changed, in order; one that did not end has no seconds."""
    found: list[dict[str, Any]] = []
    for each in mine:
        if each["event"] == "begin":
            found.append({"what": each["what"], "why": each.get("why", ""), "seconds": None})
        if each["event"] == "took":
            same = (one for one in found if one["what"] == each["what"] and one["seconds"] is None)
            one = next(same, None)
            if one is not None:
                one["seconds"] = each["seconds"]
    return found


def to_ms(seconds: float | None) -> float | None:
    """Return seconds to the millisecond."""
    return None if seconds is None else round(seconds, 3)
