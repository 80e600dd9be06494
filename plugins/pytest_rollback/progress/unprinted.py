"""A standard output that takes nothing: its disk is full, or nobody reads it any more.

What is at work goes on without being heard where that is a rollback; a command ends.
"""

from __future__ import annotations

import contextlib
import os
import shlex
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TextIO

HINT = "{look}, then run the same command again; without '>' it prints to the terminal"


class HeardStream:
    """A file that keeps in mind why it took no more: argparse, for one, would tell nobody.

    Args:
        file: where the texts go.
    """

    def __init__(self, file: TextIO) -> None:
        self.file = file
        self.unread: OSError | None = None

    def write(self, text: str) -> int:
        """Print a text; return how many characters were given."""
        with self._noted():
            self.file.write(text)
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Print several texts."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Have the file take what was printed."""
        with self._noted():
            self.file.flush()

    @contextlib.contextmanager
    def _noted(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self.unread = self.unread or error
            raise

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the file has
        return getattr(self.file, name)


def give_up(file: TextIO) -> None:
    """Have what a file has not taken go nowhere, now and later: Python tries again as it exits."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, file.fileno())
    os.close(nowhere)
    file.flush()


def complaint(error: OSError) -> str:
    """Return what is said of it, with a line end; "" where a reader has gone on purpose."""
    if isinstance(error, BrokenPipeError):
        return ""
    return f"standard output: {error.strerror}\nHINT: {HINT.format(look=look(led_to()))}\n"


def look(path: str) -> str:
    """Return what to look at on the file system of a path, of all of them where none is known."""
    command = f"df -h {shlex.quote(path)}" if path else "df -h"
    return f'see "{command}"' if "'" in command else f"see '{command}'"


def led_to() -> str:
    """Return the directory of the file that standard output is, "" where it is none."""
    try:
        path = Path("/proc/self/fd/1").readlink()
        return str(path.parent) if path.is_file() else ""
    except OSError:
        return ""
