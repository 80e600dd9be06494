"""The commands that take a host out of service and back, and say who serves; run where we run.

Promise: each of them ends within its time limit, with all that it has started.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

from pytest_rollback.errors import Refused
from pytest_rollback.evidence.redaction import Redactor, of_environment
from pytest_rollback.evidence.run_folder import write_private
from pytest_rollback.extras.fleet.child import ChildProcess


class BalancerCommand(ChildProcess):
    """A command about one host, such as `drain`, that ends within so many seconds."""

    heeds = False

    def __init__(
        self, words: Sequence[str], host: str, folder: Path, what: str, limit: float
    ) -> None:
        super().__init__(filled(words, host), folder, f"{what}.txt")
        self.what, self.limit = what, limit

    def ended(self) -> int | None:
        """Return its exit code; None while it is at work. One that is late is killed."""
        code = self.process.poll()
        if code is None and self.seconds > self.limit:
            os.killpg(self.process.pid, signal.SIGKILL)
            code = self.process.wait()
        if code is not None:
            text = self.output.read_text("utf-8", "replace")
            write_private(self.output, Redactor(of_environment(os.environ)).text(text))
        return code

    @property
    def problem(self) -> str:
        """Why it failed, in one line; "" where it did not."""
        code = self.process.poll()
        if code == 0:
            return ""
        said = self.output.read_text("utf-8", "replace").strip().splitlines()
        late = f"took longer than {self.limit:.0f} s" if self.seconds > self.limit else ""
        return f"{self.what}: {late or f'exit code {code}'}{f', {said[-1]}' if said else ''}"


def filled(words: Sequence[str], host: str) -> list[str]:
    """Return a command with the name of a host in it."""
    return [each.replace("{host}", host) for each in words]


def served(words: Sequence[str], limit: float) -> frozenset[str]:
    """Return the names that the command `serving` prints.

    Raises:
        Refused: it failed, or took too long.
    """
    try:
        done = subprocess.run(
            [*words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=limit,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Refused(f"serving: {error}", hint="correct serving in [fleet]") from error
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise Refused(
            f"serving: exit code {done.returncode}, {said[-1] if said else 'it says nothing'}",
            hint="correct serving in [fleet]",
        )
    return frozenset(done.stdout.split())
