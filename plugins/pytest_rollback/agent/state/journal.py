"""What a restore meant to do and did: JSON lines, chained by hash, durable before each change."""

from __future__ import annotations

import hashlib
import io
import json
import os
from typing import Any, NamedTuple

from ..errors import HostError
from . import reserved_space

START = "0" * 64
MASKED = "masked"
"""The key that marks an entry, in a copy, which does not say all that it says on the host."""

FLAGS = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC


def chained(previous: str, entry: dict[str, Any]) -> str:
    """Return the hash of an entry that follows another."""
    text = json.dumps(entry, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256((previous + text).encode("ascii")).hexdigest()


class JournalContent(NamedTuple):
    """What a journal says: its entries, the hash of the last, and how many bytes are whole."""

    entries: list[dict[str, Any]]
    head: str
    size: int


def parsed(raw: bytes, path: str, *, is_copy: bool = False) -> JournalContent:
    """Return the entries in the bytes of a journal; a torn last line is ignored.

    An entry of a copy may be masked: then its hash is taken at its word, and what is left of it is
    as sure as the seal of the copy.

    Raises:
        HostError: it is damaged anywhere else.
    """
    entries: list[dict[str, Any]] = []
    head, size = START, 0
    for number, line in enumerate(io.BytesIO(raw), 1):
        if not line.endswith(b"\n"):
            break
        try:
            entry = json.loads(line)
            digest = entry.pop("hash")
        except (ValueError, KeyError, AttributeError, TypeError) as error:
            raise _damaged(path, number) from error
        if digest != chained(head, entry) and not (is_copy and entry.get(MASKED) is True):
            raise _damaged(path, number)
        entries.append(entry)
        head, size = digest, size + len(line)
    return JournalContent(entries, head, size)


def _damaged(path: str, number: int) -> HostError:
    return HostError(
        f"the journal {path} is damaged at line {number}",
        "do not edit it; compare the files with their backups by hand, no file is lost",
    )


def entries(path: str) -> list[dict[str, Any]]:
    """Return what was written in a journal; none is no entry."""
    return read(path).entries


def read(path: str) -> JournalContent:
    """Return what a journal says, without making or mending it; one that is not there says nothing.

    Raises:
        HostError: it is damaged.
    """
    try:
        with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb") as file:
            return parsed(file.read(), path)
    except FileNotFoundError:
        return JournalContent([], START, 0)


class Journal:
    """One run's journal. A torn last line is dropped; any other damage stops everything."""

    def __init__(self, path: str, state: str = "") -> None:
        self.path, self.state = path, state
        self.handle = os.open(path, FLAGS, 0o600)
        size = os.fstat(self.handle).st_size
        self.entries, self.head, good = parsed(os.pread(self.handle, size, 0), path)
        if good != size:
            os.ftruncate(self.handle, good)
            os.fsync(self.handle)
        os.lseek(self.handle, good, os.SEEK_SET)

    def add(self, event: str, **facts: Any) -> None:  # noqa: ANN401 - any JSON
        """Write one entry and make it durable before returning.

        Raises:
            OSError: no space, or the disk is broken; the journal is as it was.
        """
        entry = {"seq": len(self.entries) + 1, "event": event, **facts}
        digest = chained(self.head, entry)
        line = json.dumps({**entry, "hash": digest}, ensure_ascii=True).encode("ascii") + b"\n"
        reserved_space.spending(self.state, lambda: self._write(line))
        self.entries.append(entry)
        self.head = digest

    def _write(self, line: bytes) -> None:
        """Write a line, durably, or leave the file as it was."""
        begin = os.lseek(self.handle, 0, os.SEEK_CUR)
        try:
            if os.write(self.handle, line) != len(line):
                raise OSError(28, "short write", self.path)  # noqa: TRY301 - one way to clean up
            os.fdatasync(self.handle)
        except OSError as error:
            os.ftruncate(self.handle, begin)
            os.lseek(self.handle, begin, os.SEEK_SET)
            raise OSError(error.errno, error.strerror, self.path) from error

    def last(self, event: str) -> dict[str, Any] | None:
        """Return the latest entry of an event, or None."""
        return next((each for each in reversed(self.entries) if each["event"] == event), None)

    def close(self) -> None:
        """Let go of the file."""
        os.close(self.handle)
