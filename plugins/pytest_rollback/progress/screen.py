"""Where ticks are shown: below what else is printed, and gone before more of it is.

On a terminal the tick has a line of its own below the last one that was printed, which may not be
ended: pytest prints a letter for each test. The cursor waits at its beginning, so that ^C and
whatever else is written past us stands there and wraps nothing.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import threading
import time
from typing import NamedTuple, TextIO

from pytest_rollback.progress.line import cells

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[()][A-Z0-9]|\x1b[=>78]")
"""What a terminal acts upon and shows no letter for."""

ERASE = "\r\x1b[K"
USUAL = 80
"""The cells of a terminal that does not say how many it has."""

NARROWEST = 40
"""The fewest columns to which texts are wrapped: in fewer, a terminal breaks them itself."""


class Place(NamedTuple):
    """Where ticks go.

    Args:
        handle: a descriptor, not that of whoever prints: capturing has no hold on it.
        in_place: whether it is a terminal on which one line can be rewritten.
    """

    handle: int
    in_place: bool

    def is_of(self, file: TextIO) -> bool:
        """Return whether what a file is given comes to the same place."""
        return os.path.samestat(os.fstat(self.handle), os.fstat(file.fileno()))


def place(out: TextIO, error: TextIO) -> Place | None:
    """Return where ticks go: to the terminal, otherwise to standard error; None for nowhere.

    The caller closes the handle.
    """
    try:
        handles = out.fileno(), error.fileno()
        if os.isatty(handles[0]):
            return Place(os.dup(handles[0]), in_place=_moves())
        return Place(os.dup(handles[1]), in_place=False)
    except (OSError, ValueError, AttributeError):  # closed, or none of the system's
        return None


def _moves() -> bool:
    """Return whether a terminal can rewrite a line, and nobody wants it plain."""
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


class Screen:
    """What is shown at a place: printed text, and at most one tick below it."""

    def __init__(self, where: Place) -> None:
        self.where = where
        self.lock = threading.RLock()
        self.last = time.monotonic()
        self.used = False
        self._column = 0
        self._letter = " "
        self._shown = ""

    @property
    def width(self) -> int:
        """How many cells a line has."""
        with contextlib.suppress(OSError):
            return os.get_terminal_size(self.where.handle).columns or USUAL
        return USUAL

    def clear(self) -> None:
        """Take the tick away, and go back to where printing ended."""
        if not self._shown:
            return
        self._shown, back = "", ""
        if self._column:
            at = self._column % self.width
            back = "\x1b[A" + (f"\x1b[{at}C" if at else f"\x1b[{self.width - 1}C{self._letter}")
        self._write(ERASE + back)

    def forget(self) -> None:
        """Leave the tick to somebody else, who shows another one in its place."""
        self._shown = ""

    def tick(self, line: str) -> None:
        """Show a line: in the place of the last one, or as one more."""
        with self.lock:
            self.last, self.used = time.monotonic(), True
            below = "\n" if self._column and not self._shown else ""
            if not self.where.in_place:
                self._column = 0
                self._write(f"{below}{line}\n")
            elif line != self._shown:
                self._shown = line
                self._write(f"{below}{ERASE}{line}\r")

    def printed(self, text: str) -> None:
        """Take in what was printed by others: where the next letter will stand."""
        self.last, self.used = time.monotonic(), True
        visible = ESCAPES.sub("", text)
        _, ended, rest = visible.rpartition("\n")
        _, again, rest = rest.rpartition("\r")
        self._column = (0 if ended or again else self._column) + cells(rest)
        self._letter = rest[-1:] or self._letter

    def _write(self, text: str) -> None:
        raw = text.encode("utf-8", "replace")
        while raw:
            raw = raw[os.write(self.where.handle, raw) :]

    def close(self) -> None:
        """Leave the place as it would be without ticks."""
        with self.lock, contextlib.suppress(OSError):
            self.clear()
        os.close(self.where.handle)


def columns() -> int:
    """Return how wide texts for people are: 80 columns, or what COLUMNS or a terminal has less."""
    return max(NARROWEST, min(USUAL, shutil.get_terminal_size((USUAL, 24)).columns))
