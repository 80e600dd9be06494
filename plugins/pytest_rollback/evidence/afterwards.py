"""What became of a run after it had ended: rebuilt, undone, amended; told by its own timeline.

Each is an event that somebody else than the run has written. The report says so, the page of all
runs and the postmortem as well: a reader a week later has to know that the verdict is that of a
killed run, that the release it names is gone again, or that people have added to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from pytest_rollback.evidence.events import (
    Acknowledged,
    Event,
    ItemTicked,
    ItemWithdrawn,
    RunFinished,
    RunRebuilt,
    RunUndone,
)
from pytest_rollback.text.quantities import count, moment

UNDONE = "UNDONE"
"""The verdict of a session that undid a run: it has a timeline, and no report."""

AMENDED = (ItemTicked, ItemWithdrawn, Acknowledged)
"""What people add to a run. While it goes on, that is a part of it."""


class Afterwards(NamedTuple):
    """One thing that became of a run: in a word, and in a sentence that begins with it."""

    word: str
    sentence: str


def afterwards(events: Sequence[Event]) -> tuple[Afterwards, ...]:
    """Return what became of the run of a timeline, in the order in which it was written.

    Args:
        events: all of its events, the first one first.
    """
    return (*rebuilt(events), *amended(events), *undone(events))


def rebuilt(events: Iterable[Event]) -> Iterable[Afterwards]:
    """Yield by whom the report of a killed run was made, and when."""
    for each in events:
        if isinstance(each, RunRebuilt):
            said = f"by {each.by or 'somebody'} at {moment(each.at)}: the run was killed"
            yield Afterwards("rebuilt", f"rebuilt {said}")


def amended(events: Sequence[Event]) -> Iterable[Afterwards]:
    """Yield how much people have added since the run ended, and the last of them."""
    over = [at for at, each in enumerate(events) if isinstance(each, (RunFinished, RunRebuilt))]
    added = [each for each in events[over[0] :] if isinstance(each, AMENDED)] if over else []
    if added:
        last = added[-1]
        said = f"{count(len(added), 'entry', 'entries')} added since the run ended"
        yield Afterwards(
            "amended", f"amended: {said}, the last by {last.by or 'somebody'} at {moment(last.at)}"
        )


def undone(events: Iterable[Event]) -> Iterable[Afterwards]:
    """Yield by whom a run was undone, and when: the host has the failed release again."""
    for each in events:
        if isinstance(each, RunUndone):
            said = f"by {each.by or 'somebody'} at {moment(each.at)}"
            yield Afterwards("undone", f"undone {said}: the host has the failed release again")
