#!/usr/bin/env python3
"""How long commands are silent: until the first output, and at most, on a terminal and in a pipe.

    .venv/bin/python benchmarks/silence.py [--soak 60s]

Each command is carried out once on a terminal of its own, 80 columns wide, and once in a pipe that
takes output and errors, against a sandbox of its own kind: the story of a bad deploy that is rolled
back, undone and rolled back again. A silence is the time between two pieces of output, and that
before the first and after the last; what a command takes in all stands beside it.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.bench import machine, table

REPOSITORY = Path(__file__).resolve().parents[1]
TARGET, ARM = "--target=sandbox", "--arm=sandbox"
ROLLBACK = ("-m", "pytest_rollback.cli.main")


class Silence(NamedTuple):
    """What was heard of one command, in seconds: the first output, the longest silence, the end."""

    first: float
    longest: float
    whole: float

    @property
    def words(self) -> str:
        """The three of them."""
        return f"{self.first:.2f} / {self.longest:.2f} / {self.whole:.1f} s"


def story(soak: str) -> Iterator[list[str]]:
    """Yield one command after the other, the words behind `rollback` or those of pytest."""
    yield ["sandbox", "up"]
    yield ["ready", TARGET]
    yield ["sandbox", "break", "crash-loop"]
    yield ["now", TARGET, ARM]
    yield ["status", TARGET]
    yield ["checklist"]
    yield ["report", "verify", "--host", TARGET]
    yield ["undo", latest(), TARGET, ARM]
    where = f"--rollback-{TARGET[2:]}"
    yield ["pytest", "suites/drill", "suites/validate", where, ARM]
    yield ["monitor", TARGET, f"--soak={soak}"]
    yield ["sandbox", "down"]


def latest() -> str:
    """Return the run that the host has recorded last."""
    command = [sys.executable, *ROLLBACK, "status", TARGET]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=REPOSITORY)
    lines = [each for each in done.stdout.splitlines() if not each.startswith("next: ")]
    return lines[-1].split()[0]


def heard(command: list[str], reports: Path, *, terminal: bool) -> Silence:
    """Carry a command out and listen."""
    ours, theirs = pty.openpty() if terminal else os.pipe()
    if terminal:
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, *(("-m",) if command[0] == "pytest" else ROLLBACK), *command],
        cwd=REPOSITORY,
        stdin=subprocess.DEVNULL,  # nobody is there to be asked
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm", "ROLLBACK_REPORTS": str(reports)},
        start_new_session=True,
    )
    os.close(theirs)
    moments = [0.0, *(moment - began for moment in pieces(ours)), time.monotonic() - began]
    os.close(ours)
    process.wait()
    longest = max(after - before for before, after in pairwise(moments))
    return Silence(moments[1], longest, moments[-1])


def pieces(handle: int) -> Iterator[float]:
    """Yield when each piece of output came, until there is no more."""
    while True:
        select.select([handle], [], [])
        try:
            piece = os.read(handle, 65536)
        except OSError:  # nobody has the other end of the terminal any more
            return
        if not piece:
            return
        yield time.monotonic()


def main() -> None:
    """Play the story on a terminal and in a pipe, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--soak", default="60s", help="how long the monitor watches")
    asked = parser.parse_args()
    found: dict[str, list[str]] = {}
    with tempfile.TemporaryDirectory(prefix="silence-") as place:
        print(machine(Path(place)))
        for terminal in (True, False):
            for command in story(asked.soak):
                shown = [each for each in command if not each.startswith("--") and "-" not in each]
                name = f"`{' '.join(shown if shown[0] == 'pytest' else ['rollback', *shown])}`"
                told = heard(command, Path(place) / "reports", terminal=terminal)
                print(f"{name}: {told.words}", file=sys.stderr, flush=True)
                found.setdefault(name, []).append(told.words)
    head = ["first output / longest silence / in all", "on a terminal", "in a pipe"]
    print(table(head, [[name, *cells] for name, cells in found.items()]))


if __name__ == "__main__":
    main()
