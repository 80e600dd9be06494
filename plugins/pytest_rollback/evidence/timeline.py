"""Every event of a run as a JSON line, flushed as it happens: a killed run leaves evidence."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

FLAGS = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW


class Timeline:
    """One run's events, in memory and in `timeline.jsonl`, 0600, in the run's folder.

    The file is made with the first event. What cannot be written stays in memory, and `problem`
    says why: a full disk on the operator's machine must not end a rollback. `redact` takes the
    secrets out of an event before it is written: a killed run has no second chance. `listeners`
    are told of every event once it is written; what one of them raises stays with it.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "timeline.jsonl"
        self.events: list[dict[str, Any]] = []
        self.problem = ""
        self.redact: Callable[[Any], Any] = lambda entry: entry
        self.listeners: list[Callable[[dict[str, Any]], None]] = []
        self._begin = time.monotonic()
        self._decided: float | None = None
        self._handle = -1

    def note(self, event: str, **facts: object) -> float:
        """Record an event; return its seconds since the clock's start."""
        offset = time.monotonic() - self._begin
        at = dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")
        entry = self.redact({"at": at, "offset": round(offset, 3), "event": event, **facts})
        self.events.append(entry)
        if not self.problem:
            self._write(json.dumps(entry, default=str).encode("ascii") + b"\n")
        for listener in self.listeners:
            with contextlib.suppress(Exception):  # who listens never ends a rollback
                listener(entry)
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
            self._decided = self.note("decided")

    @property
    def decided(self) -> float | None:
        """The offset in seconds at which the clock was started."""
        return self._decided

    @property
    def elapsed(self) -> float | None:
        """Seconds from the decision to the last criterion's end, or to now when none ended.

        What a monitor sees afterwards takes as long as it takes: the system is recovered by then.
        """
        if self._decided is None:
            return None
        ended = [each for each in self.events if each["event"] == "criterion"]
        ends = [each["offset"] for each in ended if not each["id"].startswith("monitor.")]
        last = ends[-1] if ends else time.monotonic() - self._begin
        return max(0.0, float(last) - self._decided)

    def close(self) -> None:
        """Let go of the file."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1
