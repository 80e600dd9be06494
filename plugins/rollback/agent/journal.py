"""What a restore meant to do and did: JSON lines, chained by hash, durable before each change."""

from __future__ import annotations

import hashlib
import json
import os
from typing import Any

from .problem import Problem

START = "0" * 64
FLAGS = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC


def chained(previous: str, entry: dict[str, Any]) -> str:
    """Return the hash of an entry that follows another."""
    text = json.dumps(entry, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256((previous + text).encode("ascii")).hexdigest()


class Journal:
    """One run's journal. A torn last line is dropped; any other damage stops everything."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.handle = os.open(path, FLAGS, 0o600)
        self.entries: list[dict[str, Any]] = []
        self.head = START
        self._read()

    def _read(self) -> None:
        size = os.fstat(self.handle).st_size
        raw = os.pread(self.handle, size, 0)
        lines = raw.split(b"\n")
        good = 0
        for number, line in enumerate(lines[:-1], 1):
            self._take(line, number)
            good += len(line) + 1
        if good != size:
            os.ftruncate(self.handle, good)
            os.fsync(self.handle)
        os.lseek(self.handle, good, os.SEEK_SET)

    def _take(self, line: bytes, number: int) -> None:
        try:
            entry = json.loads(line)
            digest = entry.pop("hash")
        except (ValueError, KeyError, AttributeError) as error:
            raise self._damaged(number) from error
        if digest != chained(self.head, entry):
            raise self._damaged(number)
        self.entries.append(entry)
        self.head = digest

    def _damaged(self, number: int) -> Problem:
        return Problem(
            f"the journal {self.path} is damaged at line {number}",
            "do not edit it; compare the files with their saved copies by hand, they are all there",
        )

    def add(self, event: str, **facts: Any) -> None:  # noqa: ANN401 - any JSON
        """Write one entry and make it durable before returning.

        Raises:
            OSError: no space, or the disk is broken; the journal is as it was.
        """
        entry = {"seq": len(self.entries) + 1, "event": event, **facts}
        digest = chained(self.head, entry)
        line = json.dumps({**entry, "hash": digest}, ensure_ascii=True).encode("ascii") + b"\n"
        begin = os.lseek(self.handle, 0, os.SEEK_CUR)
        try:
            if os.write(self.handle, line) != len(line):
                raise OSError(28, "short write", self.path)  # noqa: TRY301 - one way to clean up
            os.fdatasync(self.handle)
        except OSError:
            os.ftruncate(self.handle, begin)
            os.lseek(self.handle, begin, os.SEEK_SET)
            raise
        self.entries.append(entry)
        self.head = digest

    def last(self, event: str) -> dict[str, Any] | None:
        """Return the latest entry of an event, or None."""
        return next((each for each in reversed(self.entries) if each["event"] == event), None)

    def close(self) -> None:
        """Let go of the file."""
        os.close(self.handle)
