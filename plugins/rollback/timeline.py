"""Every event of a run as a JSON line, flushed as it happens: a killed run still leaves evidence."""

from __future__ import annotations

import datetime as dt
import json
import os
import time
from pathlib import Path


class Timeline:
    """One run's events, in memory and in `timeline.jsonl`, 0600, in the run's folder."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(0o700, parents=True, exist_ok=True)
        self.path = folder / "timeline.jsonl"
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
        self._handle = os.open(self.path, flags, 0o600)
        self._begin = time.monotonic()
        self.events: list[dict[str, object]] = []

    def note(self, event: str, **facts: object) -> float:
        """Record an event; return its seconds since the run began."""
        offset = time.monotonic() - self._begin
        at = dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")
        entry = {"at": at, "offset": round(offset, 3), "event": event, **facts}
        os.write(self._handle, json.dumps(entry).encode("ascii") + b"\n")
        self.events.append(entry)
        return offset
