"""Sign-offs of people: items of the checklist and acknowledgements, in a run's timeline.

A sign-off is one more event of `timeline.jsonl`. Any process may append it, while the run goes on,
after it has ended, and after it was killed.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import fcntl
import getpass
import json
import os
import re
import socket
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple, TypeVar

from pytest_rollback.errors import RollbackError, UsageError
from pytest_rollback.evidence.events import (
    Event,
    ItemTicked,
    ItemWithdrawn,
    PersonEvent,
    RunBegan,
    as_data,
    first,
    parsed,
)
from pytest_rollback.evidence.json_data import loads, salvage
from pytest_rollback.evidence.run_folder import DATA, TIMELINE

Noted = TypeVar("Noted", bound=Event)

FLAGS = os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW
LONGEST = 500
"""Characters of a name or a note."""


class SignOff(NamedTuple):
    """Who ticked an item, when (UTC), and the note about it."""

    by: str
    at: dt.datetime
    note: str = ""

    @property
    def words(self) -> str:
        """The same for people."""
        said = f": {self.note}" if self.note else ""
        return f"{self.by} at {self.at:%Y-%m-%d %H:%M:%S} UTC{said}"


def somebody() -> str:
    """Return who runs this, also behind sudo: `name@host`."""
    return f"{os.environ.get('SUDO_USER') or getpass.getuser()}@{socket.gethostname()}"


def slug(text: str) -> str:
    """Return the short name of an item: `notify-stakeholders`."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def ticks(events: Iterable[Event]) -> dict[str, SignOff]:
    """Return the items that are ticked by their short names; the first tick counts."""
    found: dict[str, SignOff] = {}
    for each in events:
        if isinstance(each, ItemWithdrawn):
            found.pop(each.item, None)
        elif isinstance(each, ItemTicked) and each.moment is not None:
            found.setdefault(each.item, SignOff(each.by, each.moment, each.note))
    return found


def events(folder: Path) -> list[Event]:
    """Return the events of a run; a line that a kill cut short is left out.

    Raises:
        UsageError: there is no timeline that can be read.
    """
    path = folder / TIMELINE
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
            return list(parsed(file.read()))
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read: {error.strerror}",
            hint="give a run folder, such as those in reports/",
        ) from error


def foreign(folder: Path) -> list[PersonEvent]:
    """Return the events that other processes have added to the timeline of this run."""
    if not (folder / TIMELINE).is_file():
        return []
    return [each for each in events(folder) if isinstance(each, PersonEvent)]


def before(folder: Path, incident: str | None) -> list[PersonEvent]:
    """Return what was ticked in earlier runs of the same incident: the checklist before a drill."""
    others = siblings(folder, incident) if incident else []
    earlier = [each for each in others if each.name < folder.name]
    return [event for each in earlier for event in foreign(each)]


def beside(folder: Path, incident: str | None) -> list[PersonEvent]:
    """Return what was ticked beside a run, or before it for the same incident, or nothing."""
    with contextlib.suppress(RollbackError, OSError):
        return [*before(folder, incident), *foreign(folder)]
    return []


def siblings(folder: Path, incident: str | None = None) -> list[Path]:
    """Return the folders of the other runs of the same incident, the oldest first."""
    if incident is None and (folder / TIMELINE).is_file():
        incident = incident_of(folder)
    if not incident or not folder.parent.is_dir():
        return []
    others = (each for each in folder.parent.iterdir() if each.name != folder.name)
    return sorted(
        each for each in others if (each / TIMELINE).is_file() and incident_of(each) == incident
    )


def incident_of(folder: Path) -> str | None:
    """Return the incident that a run belongs to, from its record or its first event."""
    try:
        record = loads((folder / DATA).read_bytes())
    except (OSError, ValueError):
        began = first(RunBegan, events(folder))
        return began.incident or None if began else None
    found = record.get("incident") if isinstance(record, dict) else None
    return str(found) if found else None


def note(folder: Path, event: Noted) -> Noted:
    """Append an event to the timeline of a run, durably, in one piece and after a whole line.

    Returns:
        The event as it was written: with its time, and with texts that are one line each.

    Raises:
        UsageError: there is no such timeline, or it cannot be written.
    """
    path = folder / TIMELINE
    now = dt.datetime.now(dt.UTC)
    try:
        handle = os.open(path, FLAGS)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            raw = os.pread(handle, os.fstat(handle).st_size, 0)
            at = now.isoformat(timespec="milliseconds")
            entry = replace(shortened(event), at=at, offset=offset(raw, now))
            line = json.dumps(as_data(entry)).encode("ascii") + b"\n"
            os.write(handle, line if raw.endswith(b"\n") or not raw else b"\n" + line)
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        raise UsageError(
            f"{path} cannot be written: {error.strerror}",
            hint=f"use a run in reports/ that you own: ls -l {path.parent}",
        ) from error
    return entry


def shortened(event: Noted) -> Noted:
    """Return an event whose texts are one line each, and not too long."""
    told = as_data(event).items()
    kept = {key: short(value) if isinstance(value, str) else value for key, value in told}
    return salvage(type(event), kept)


def short(text: str) -> str:
    """Return a text as one line that is not too long."""
    return " ".join(text.split())[:LONGEST]


def offset(raw: bytes, now: dt.datetime) -> float:
    """Return how many seconds after the run's clock began it is now."""
    began = next(parsed(raw), None)
    moment = began.moment if began else None
    since = (now - moment).total_seconds() + began.offset if began and moment else 0.0
    return round(max(0.0, since), 3)
