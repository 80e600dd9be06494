"""From the timeline to the phases of the procedure: when each began, how long, what, how it ended.

A phase lasts from its first event until the next phase begins, so that all the time since the
decision belongs to a phase: the first one begins with it, the last one ends with the last
criterion.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from pytest_rollback.criteria import Outcome
from pytest_rollback.evidence import data_return
from pytest_rollback.evidence.data_return import DataRecord
from pytest_rollback.evidence.events import (
    ActionAdvisory,
    ActionEvent,
    ActionFailed,
    ChangeBegun,
    ChangeTook,
    CriterionEnded,
    Decided,
    Event,
    first,
    phase_of,
)
from pytest_rollback.evidence.json_data import Number
from pytest_rollback.manifest.model import Budgets, Database
from pytest_rollback.manifest.values import PHASES

BAD = frozenset({"not met", "inconclusive"})
RECOVERY = frozenset({"drill", "validate"})


@dataclass(frozen=True)
class ChangeRecord:
    """One change of the host; `seconds` is None for a change that did not end."""

    what: str = ""
    why: str = ""
    seconds: Number | None = None


@dataclass(frozen=True)
class PhaseRecord:
    """One phase of the procedure in a report.

    Args:
        name: such as `files`.
        budget: seconds that it may take.
        begin: when it began, in seconds since the decision; None where it was not reached.
        seconds: how long it took; None where it was not reached.
        state: done, failed, over budget, or not reached.
        changes: what it changed, in order.
    """

    name: str = ""
    budget: Number | None = None
    begin: Number | None = None
    seconds: Number | None = None
    state: str = ""
    changes: tuple[ChangeRecord, ...] = ()

    @property
    def is_late(self) -> bool:
        """Whether it took longer than it may."""
        return self.seconds is not None and self.seconds > (self.budget or 0.0)


def phases(
    budgets: Budgets,
    events: Sequence[Event],
    outcomes: Iterable[Outcome],
    elapsed: float | None,
) -> tuple[PhaseRecord, ...]:
    """Return every phase in order; none where the clock was never started."""
    decided = first(Decided, events)
    if decided is None:
        return ()
    start = decided.offset
    since = [each for each in events if each.offset >= start]
    lasted = spans(since, start, elapsed or 0.0)
    missed = {each.phase for each in outcomes if each.suite in RECOVERY and each.outcome in BAD}
    return tuple(
        replace(found, state="failed") if name in lasted and failed(mine, name in missed) else found
        for name in PHASES
        for mine in [[each for each in since if phase_of(each) == name]]
        for found in [lane(name, budgets.of(name), lasted.get(name), mine)]
    )


def spans(
    events: Collection[Event], start: float, elapsed: float
) -> dict[str, tuple[float, float]]:
    """Return begin and end of each phase that was reached, in seconds since the decision."""
    ordered = sorted(begun(events, start).items(), key=lambda found: found[1])
    begins = [begin for _, begin in ordered]
    last = elapsed or max((each.offset - start for each in events), default=0.0)
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
        end, took, phase = each.offset - start, 0.0, phase_of(each)
        if isinstance(each, CriterionEnded):
            took, phase = each.seconds, phase if each.outcome != "not reached" else ""
        if phase:
            found.setdefault(phase, max(before, end - took) if found else 0.0)
        before = end
    return found


def lane(
    name: str, budget: float, lasted: tuple[float, float] | None, mine: Sequence[Event]
) -> PhaseRecord:
    """Return one phase as far as time tells: done, over budget, or not reached."""
    begin, seconds = (None, None) if lasted is None else (lasted[0], lasted[1] - lasted[0])
    state = "done"
    if seconds is None:
        state = "not reached"
    elif seconds > budget:
        state = "over budget"
    return PhaseRecord(name, budget, to_ms(begin), to_ms(seconds), state, changes(mine))


def failed(mine: Sequence[Event], missed: bool) -> bool:  # noqa: FBT001 - read beside its caller
    """Return whether a phase failed: an action, a change or a criterion of it failed.

    The failed action of an optional component is advice, and no failure of its phase.
    """
    optional = {each.action for each in mine if isinstance(each, ActionAdvisory)}
    vital = [
        each for each in mine if not isinstance(each, ActionEvent) or each.action not in optional
    ]
    unended = any(each.seconds is None for each in changes(vital))
    return missed or unended or any(isinstance(each, ActionFailed) for each in vital)


def changes(mine: Iterable[Event]) -> tuple[ChangeRecord, ...]:
    """Return what a phase changed, in order; one that did not end has no seconds."""
    found: list[ChangeRecord] = []
    for each in mine:
        if isinstance(each, ChangeBegun):
            found.append(ChangeRecord(each.what, each.why))
        if isinstance(each, ChangeTook):
            open_ones = [
                n for n, one in enumerate(found) if (one.what, one.seconds) == (each.what, None)
            ]
            for number in open_ones[:1]:
                found[number] = replace(found[number], seconds=each.seconds)
    return tuple(found)


def returned(database: Database | None, events: Sequence[Event]) -> DataRecord:
    """Return what was done to a database, and what users have lost by it."""
    if database is None:
        return DataRecord()
    lost = [each.lost for each in events if isinstance(each, ChangeTook) and each.lost]
    begun = first(Decided, events) is not None
    took = [
        each.seconds
        for each in events
        if isinstance(each, ChangeTook) and each.action == data_return.MIGRATE
    ]
    return data_return.record(
        database.return_, database.name, lost, begun=begun, took=sum(took) if took else None
    )


def to_ms(seconds: float | None) -> float | None:
    """Return seconds to the millisecond."""
    return None if seconds is None else round(seconds, 3)
