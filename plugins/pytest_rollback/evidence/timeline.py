"""Every event of a run as a JSON line, flushed as it happens: a killed run leaves evidence."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_rollback.agent.system.masking.shapes import masked_data
from pytest_rollback.evidence.events import CriterionEnded, Decided, Event, as_data
from pytest_rollback.evidence.json_data import salvage

if TYPE_CHECKING:
    from pytest_rollback.evidence.json_data import Json

FLAGS = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW


class Timeline:
    """One run's events, in memory and in `timeline.jsonl`, 0600, in the run's folder.

    The file is made with the first event. What cannot be written stays in memory, and `problem`
    says why: a full disk on the operator's machine must not end a rollback. `redact` takes the
    secrets out of an event before it is written, for a killed run has no second chance; as long as
    none are known, it takes out what has their shape. `listeners`
    are called with every event once it is written; an error of one of them is dropped.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "timeline.jsonl"
        self.events: list[Event] = []
        self.problem = ""
        self.redact: Callable[[Json], Json] = masked_data
        self.listeners: list[Callable[[Event], None]] = []
        self._begin = time.monotonic()
        self._decided: float | None = None
        self._handle = -1

    def note(self, event: Event) -> float:
        """Record an event with its time; return its seconds since the clock's start."""
        offset = time.monotonic() - self._begin
        at = dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")
        stamped = replace(event, at=at, offset=round(offset, 3))
        said = as_data(stamped)
        clean = self.redact(said)
        self.events.append(kept := stamped if clean == said else salvage(type(event), clean))
        if not self.problem:
            self._write(json.dumps(clean).encode("ascii") + b"\n")
        for listener in self.listeners:
            with contextlib.suppress(Exception):  # who listens never ends a rollback
                listener(kept)
        return offset

    def _write(self, line: bytes) -> None:
        try:
            if self._handle < 0:
                self.path.parent.mkdir(0o700, parents=True, exist_ok=True)
                self._handle = os.open(self.path, FLAGS, 0o600)
            os.write(self._handle, line)
        except OSError as error:
            self.problem = f"{self.path}: {error.strerror}"

    def decide(self) -> None:
        """Start the clock that the recovery time objective is held against, once."""
        if self._decided is None:
            self._decided = self.note(Decided())

    @property
    def decided(self) -> float | None:
        """The offset in seconds at which the clock was started."""
        return self._decided

    @property
    def elapsed(self) -> float | None:
        """Seconds from the decision to the last criterion's end, or to now when none ended.

        The criteria of a monitor do not count: the system is recovered before they begin.
        """
        if self._decided is None:
            return None
        ended = [each for each in self.events if isinstance(each, CriterionEnded)]
        ends = [each.offset for each in ended if not each.id.startswith("monitor.")]
        last = ends[-1] if ends else time.monotonic() - self._begin
        return max(0.0, last - self._decided)

    def close(self) -> None:
        """Let go of the file."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1
