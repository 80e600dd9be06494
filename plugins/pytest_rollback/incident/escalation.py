"""Whom to call next: each level has its time to answer, and an acknowledgement ends it.

All there is to know stands in the run's timeline: who was called when, and whether somebody
acknowledged. So any process can go on with it, and any other one stops it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from pytest_rollback.evidence import signoffs
from pytest_rollback.manifest.contacts import Contact

CALLED = "called"
WELL = frozenset({"RECOVERED", "STEADY"})
"""Verdicts after which nobody has to be called."""


class EscalationStep(NamedTuple):
    """The next step: whom to call, None when nobody is left, and when."""

    contact: Contact | None
    at: dt.datetime


def acknowledged(events: Iterable[Mapping[str, Any]]) -> signoffs.SignOff | None:
    """Return who has taken over, the first of them."""
    for each in events:
        at = signoffs.moment(each.get("at"))
        if each.get("event") == signoffs.ACKNOWLEDGED and at is not None:
            return signoffs.SignOff(str(each.get("by", "")), at, str(each.get("note") or ""))
    return None


def is_over(events: Iterable[Mapping[str, Any]]) -> bool:
    """Tell whether nobody has to be called any more: somebody answered, or all is well again."""
    told = list(events)
    well = any(e.get("event") == "finished" and e.get("verdict") in WELL for e in told)
    return well or acknowledged(told) is not None


def next_step(
    contacts: Sequence[Contact], events: Iterable[Mapping[str, Any]]
) -> EscalationStep | None:
    """Return the next step of a chain; None where it was not begun, has ended, or has no levels.

    The first level is called when the rollback is decided; each further one when the time of the
    level before is over, counted from its call. After the last one's time nobody is left.
    """
    told = list(events)
    begun = next((at for e in told if e.get("event") == "decided" and (at := when(e))), None)
    if begun is None or not contacts or is_over(told):
        return None
    known = {each.level: each for each in contacts}
    calls = [(known[e["level"]], at) for e in told if is_call(e, known) and (at := when(e))]
    if not calls:
        return EscalationStep(contacts[0], begun)
    last, at = calls[-1]
    left = [each for each in contacts if each.level > last.level]
    return EscalationStep(left[0] if left else None, at + dt.timedelta(seconds=last.respond))


def is_call(event: Mapping[str, Any], known: Mapping[int, Contact]) -> bool:
    """Tell whether an event is the call of a level that there is."""
    return event.get("event") == CALLED and event.get("level") in known


def when(event: Mapping[str, Any]) -> dt.datetime | None:
    """Return when an event was."""
    return signoffs.moment(event.get("at"))
