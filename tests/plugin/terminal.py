"""A command on a terminal of its own: what it shows, and what somebody types."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time
from types import TracebackType
from typing import Self

from tests.plugin.operator import REPOSITORY

CTRL_C, CTRL_D = "\x03", "\x04"


class Terminal:
    """Runs a command of the repository as a person's terminal does: Ctrl-C reaches all of it."""

    def __init__(self, *words: str, **environment: str) -> None:
        self.said = b""
        self.process, self.ours = _started(
            words, {**os.environ, "COLUMNS": "80", "PY_COLORS": "0", **environment}
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.ours)

    @property
    def text(self) -> str:
        """What was shown so far."""
        return self.said.decode("utf-8", "replace").replace("\r\n", "\n")

    def until(self, words: str, seconds: float = 300.0) -> str:
        """Wait until something is shown; return all that was shown up to now."""
        end = time.monotonic() + seconds
        while words not in self.text and time.monotonic() < end and self._read(end):
            pass
        assert words in self.text, self.text
        return self.text

    def type(self, text: str) -> None:
        """Type a text; a line needs its end."""
        os.write(self.ours, text.encode())

    def over(self, seconds: float = 300.0) -> tuple[int, str]:
        """Wait for the end; return the exit code and everything that was shown."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and self._read(end):
            pass
        return self.process.wait(10), self.text

    def _read(self, end: float) -> bool:
        """Read what is there before `end`; False when the other side is closed."""
        ready, _, _ = select.select([self.ours], [], [], max(0.0, end - time.monotonic()))
        try:
            piece = os.read(self.ours, 65536) if ready else b""
        except OSError:  # nobody has the other end any more: everything was said
            return False
        self.said += piece
        return bool(piece)


def _started(
    words: tuple[str, ...], environment: dict[str, str]
) -> tuple[subprocess.Popen[bytes], int]:
    """Start a command as the leader of a terminal's session."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", LEADER, *words],
        cwd=REPOSITORY,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        env=environment,
    )
    os.close(theirs)
    return process, ours


LEADER = """
import fcntl, os, signal, sys, termios
signal.signal(signal.SIGINT, signal.SIG_DFL)  # also where these tests run in the background
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""
