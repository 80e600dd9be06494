"""The standard streams while ticks are shown: what is printed comes below no tick, and flushed."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_rollback.progress.screen import Screen


class TickedStream:
    """A stream that has the tick taken away before it prints; all else is for the file behind it.

    Args:
        file: where the texts go.
        screen: where the tick is; None once there is no tick any more.
    """

    def __init__(self, file: TextIO, screen: Screen) -> None:
        self.file = file
        self.screen: Screen | None = screen
        self._same = screen.where.is_of(file)

    def write(self, text: str) -> int:
        """Print a text; return how many characters were given."""
        screen = self.screen
        if screen is None:
            return self.file.write(text)
        with screen.lock:
            if self._same:
                with contextlib.suppress(OSError):
                    screen.clear()
            count = self.file.write(text)
            if self._same:
                self.file.flush()
            screen.printed(text if self._same else "")
        return count

    def writelines(self, lines: Iterable[str]) -> None:
        """Print several texts."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the file has
        return getattr(self.file, name)
