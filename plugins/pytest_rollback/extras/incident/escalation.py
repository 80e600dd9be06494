"""Whom to call next: each level has its time to answer, and an acknowledgement ends it.

The run's timeline says who was called when, and whether somebody acknowledged. So any process can
continue the escalation, and any other process can stop it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from pytest_rollback.evidence.events import (
    Acknowledged,
    Decided,
    Event,
    LevelCalled,
    RunFinished,
)
from pytest_rollback.evidence.signoffs import SignOff
from pytest_rollback.manifest.contacts import Contact
from pytest_rollback.run.run_record import WELL


class EscalationStep(NamedTuple):
    """The next step: the contact to call, None after the last one, and the time."""

    contact: Contact | None
    at: dt.datetime


def acknowledged(events: Iterable[Event]) -> SignOff | None:
    """Return the first acknowledgement; None where there is none."""
    for each in events:
        if isinstance(each, Acknowledged) and each.moment is not None:
            return SignOff(each.by, each.moment, each.note)
    return None


def is_over(events: Iterable[Event]) -> bool:
    """Return whether the escalation is over: somebody acknowledged, or the system is recovered."""
    told = list(events)
    well = any(isinstance(each, RunFinished) and each.verdict in WELL for each in told)
    return well or acknowledged(told) is not None


def next_step(contacts: Sequence[Contact], events: Iterable[Event]) -> EscalationStep | None:
    """Return the next step of a chain; None where it was not begun, has ended, or has no levels.

    The first level is called when the rollback is decided; each further one when the time of the
    level before is over, counted from its call. After the last one's time nobody is left.
    """
    told = list(events)
    begun = next((each.moment for each in told if isinstance(each, Decided) and each.moment), None)
    if begun is None or not contacts or is_over(told):
        return None
    called = calls(contacts, told)
    if not called:
        return EscalationStep(contacts[0], begun)
    last, at = called[-1]
    left = [each for each in contacts if each.level > last.level]
    return EscalationStep(left[0] if left else None, at + dt.timedelta(seconds=last.respond))


def calls(
    contacts: Iterable[Contact], events: Iterable[Event]
) -> list[tuple[Contact, dt.datetime]]:
    """Return who was called when, in that order; only levels that there are."""
    known = {each.level: each for each in contacts}
    return [
        (known[each.level], each.moment)
        for each in events
        if isinstance(each, LevelCalled) and each.level in known and each.moment
    ]
