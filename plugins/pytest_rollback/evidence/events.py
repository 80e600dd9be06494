"""What happens in a run: one dataclass for each kind of event, and its line in `timeline.jsonl`.

A line has `at`, `offset`, `event` (the kind) and the fields of the class. Every field has a
default: the line of an older or a damaged timeline is read as far as it goes.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar

from pytest_rollback.evidence.data_return import DataLoss
from pytest_rollback.evidence.json_data import Json, dump, loads, salvage

Found = TypeVar("Found", bound="Event")


@dataclass(frozen=True)
class Event:
    """What every event says.

    Args:
        at, offset: when, ISO 8601 in UTC, and in seconds of the run; the timeline fills them in.
    """

    at: str = field(default="", kw_only=True)
    offset: float = field(default=0.0, kw_only=True)

    @property
    def moment(self) -> dt.datetime | None:
        """When it was, UTC; None where that is not known."""
        try:
            found = dt.datetime.fromisoformat(self.at)
            return (found if found.tzinfo else found.replace(tzinfo=dt.UTC)).astimezone(dt.UTC)
        except (ValueError, OverflowError):
            return None


@dataclass(frozen=True)
class RunBegan(Event):
    """The first event of a run: which one, who, for which incident, with which rollback.toml."""

    run: str = ""
    operator: str = ""
    target: str = ""
    incident: str | None = None
    manifest: str = ""
    sha256: str = ""
    demonstration: bool = False
    scenario: str | None = None
    resume: str = ""


@dataclass(frozen=True)
class Decided(Event):
    """The rollback was decided: the clock of the recovery time objective was started."""


@dataclass(frozen=True)
class HostTaken(Event):
    """The host is held for `run`; an unfinished earlier run may have been adopted."""

    run: str = ""
    adopted: bool = False
    since: str | None = None
    by: str | None = None


@dataclass(frozen=True)
class Planned(Event):
    """The plan of the whole rollback, in the lines that were shown."""

    plan: tuple[str, ...] = ()


@dataclass(frozen=True)
class ActionEvent(Event):
    """An event of a restore action; its phase is one of the procedure's."""

    action: str = ""
    phase: str = ""


@dataclass(frozen=True)
class ActionBegun(ActionEvent):
    """An action begins to look at the host."""


@dataclass(frozen=True)
class ActionDone(ActionEvent):
    """An action was proven done, after so many changes."""

    changes: int = 0


@dataclass(frozen=True)
class ActionFailed(ActionEvent):
    """An action failed, and its phase with it."""

    message: str = ""


@dataclass(frozen=True)
class ActionAdvisory(ActionEvent):
    """The action of an optional component failed; the rollback continues."""

    message: str = ""


@dataclass(frozen=True)
class ChangeBegun(ActionEvent):
    """A change of the host begins."""

    what: str = ""
    why: str = ""


@dataclass(frozen=True)
class ChangeEnded(ActionEvent):
    """A change of the host has ended."""

    what: str = ""


@dataclass(frozen=True)
class ChangeTook(ActionEvent):
    """How many seconds a change took, and what users have lost by it."""

    what: str = ""
    seconds: float = 0.0
    lost: DataLoss | None = None


@dataclass(frozen=True)
class CriterionEnded(Event):
    """A criterion ended, for one component where it is about one."""

    id: str = ""
    component: str | None = None
    phase: str = ""
    outcome: str = ""
    seconds: float = 0.0


@dataclass(frozen=True)
class SoakSampled(Event):
    """One look of the monitor, `seconds` after it began, and what was wrong."""

    seconds: float = 0.0
    wrong: tuple[str, ...] = ()


@dataclass(frozen=True)
class MessageSent(Event):
    """How a message ended at one channel: `accepted` or `failed`, and then why."""

    channel: str = ""
    about: str = ""
    outcome: str = ""
    tries: int = 0
    why: str | None = None


@dataclass(frozen=True)
class LevelCalled(Event):
    """A level of the escalation chain was called."""

    level: int = 0
    name: str = ""


@dataclass(frozen=True)
class ItemTicked(Event):
    """A person did an item of the checklist; `item` is its short name."""

    item: str = ""
    by: str = ""
    note: str = ""


@dataclass(frozen=True)
class ItemWithdrawn(Event):
    """An item of the checklist was not done after all."""

    item: str = ""
    by: str = ""
    note: str = ""


@dataclass(frozen=True)
class Acknowledged(Event):
    """A person has acknowledged: nobody else is called."""

    by: str = ""
    note: str = ""


@dataclass(frozen=True)
class RunRebuilt(Event):
    """The run was killed, and `by` has rebuilt its report."""

    by: str = ""


@dataclass(frozen=True)
class RunUndone(Event):
    """The run was undone: `by` has restored the failed release."""

    by: str = ""


@dataclass(frozen=True)
class RunFinished(Event):
    """The last event of a run: its verdict."""

    verdict: str = ""


@dataclass(frozen=True)
class OtherEvent(Event):
    """An event of a kind that this version does not know."""

    kind: str = ""


KINDS: Mapping[str, type[Event]] = {
    "began": RunBegan,
    "decided": Decided,
    "run": HostTaken,
    "planned": Planned,
    "action": ActionBegun,
    "done": ActionDone,
    "failed": ActionFailed,
    "advisory": ActionAdvisory,
    "begin": ChangeBegun,
    "end": ChangeEnded,
    "took": ChangeTook,
    "criterion": CriterionEnded,
    "sample": SoakSampled,
    "told": MessageSent,
    "called": LevelCalled,
    "ticked": ItemTicked,
    "withdrawn": ItemWithdrawn,
    "acknowledged": Acknowledged,
    "rebuilt": RunRebuilt,
    "undone": RunUndone,
    "finished": RunFinished,
}
"""What each kind is called in a timeline."""

PersonEvent: TypeAlias = ItemTicked | ItemWithdrawn | Acknowledged | RunRebuilt | RunUndone
"""What people do; other processes than the run's own write it."""

NAMES: Mapping[type[Event], str] = {kind: name for name, kind in KINDS.items()}
OPTIONAL = {HostTaken: ("since", "by"), MessageSent: ("why",), ChangeTook: ("lost",)}
"""Fields that a line leaves out where they say nothing."""


def kind_of(event: Event) -> str:
    """Return how an event's kind is called."""
    return event.kind if isinstance(event, OtherEvent) else NAMES[type(event)]


def phase_of(event: Event) -> str:
    """Return the phase that an event belongs to; "" where it belongs to none."""
    return event.phase if isinstance(event, (ActionEvent, CriterionEnded)) else ""


def as_data(event: Event) -> dict[str, Json]:
    """Return an event as the data of its line."""
    found = dump(event)
    left_out = {each for each in OPTIONAL.get(type(event), ()) if found[each] is None}
    facts = {key: value for key, value in found.items() if key not in {*left_out, "kind"}}
    return {"at": event.at, "offset": event.offset, "event": kind_of(event), **facts}


def of_data(data: object) -> Event | None:
    """Return the event of a line's data; None where it is none."""
    if not isinstance(data, Mapping) or "event" not in data:
        return None
    name = str(data["event"])
    return salvage(KINDS.get(name, OtherEvent), {**data, "kind": name})


def parsed(raw: bytes) -> Iterator[Event]:
    """Yield the events in the bytes of a timeline; a line that a kill cut short is left out."""
    for line in raw.splitlines():
        try:
            event = of_data(loads(line))
        except ValueError:
            event = None
        if event is not None:
            yield event


def first(kind: type[Found], events: Iterable[Event]) -> Found | None:
    """Return the first event of a kind; None where there is none."""
    return next((each for each in events if isinstance(each, kind)), None)
