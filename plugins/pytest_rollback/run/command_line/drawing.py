"""Lines that stand for what goes on elsewhere: drawn again in their place, or one more for news."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

from pytest_rollback.progress.screen import ERASE
from pytest_rollback.run.command_line.shared import without_secrets


class Drawing:
    """Lines that are drawn again in their place, or added where they say something new.

    Args:
        in_place: whether a terminal can do that.
    """

    def __init__(self, *, in_place: bool) -> None:
        self.in_place = in_place
        self._lines = 0
        self._said = ""

    def show(self, lines: Sequence[str]) -> None:
        """Show lines in the place of those from before."""
        text = "\n".join(self._masked(lines))
        if self.in_place:
            up = f"\x1b[{self._lines}A\x1b[J" if self._lines else ""
            self._write(up + text)
            self._lines = text.count("\n") + 1
        elif news(text) != news(self._said):
            self._write(text)
            self._said = text

    def add(self, text: str) -> None:
        """Add a line below, which stays."""
        start = ERASE if self.in_place else ""  # a terminal may have shown ^C there
        self._write(start + "\n".join(self._masked([text])))
        self._lines = 0

    def _masked(self, lines: Sequence[str]) -> Iterator[str]:
        yield from (without_secrets(each) for each in lines)

    def _write(self, text: str) -> None:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()


def news(text: str) -> str:
    """Return what of a line is new when it differs: not that time goes by."""
    head, _, words = text.partition(": ")
    return f"{head.split(' ')[1:2]} {words}"
