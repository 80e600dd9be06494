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
TARGET = "--rollback-target=sandbox"
ARM = "--arm=sandbox"


class Silence(NamedTuple):
    """What was heard of one command, in seconds: the first output, the longest silence, the end."""

    first: float
    longest: float
    whole: float

    @property
    def words(self) -> str:
        """The three of them."""
        return f"{self.first:.2f} / {self.longest:.2f} / {self.whole:.1f} s"


def story(soak: str) -> Iterator[tuple[str, list[str]]]:
    """Yield what each command is called, and the command."""
    pytest = ["-m", "pytest"]
    yield "`scripts/sandbox up`", ["scripts/sandbox", "up"]
    yield "`pytest suites/readiness`", [*pytest, "suites/readiness", TARGET]
    yield "`scripts/sandbox break crash-loop`", ["scripts/sandbox", "break", "crash-loop"]
    yield "`pytest suites/triage`", [*pytest, "suites/triage", TARGET]
    yield "`scripts/rollback`", ["scripts/rollback", TARGET, ARM]
    yield "`scripts/rollback status`", ["scripts/rollback", "status", TARGET]
    yield "`scripts/checklist`", ["scripts/checklist"]
    yield "`scripts/verify_bundle --host`", ["scripts/verify_bundle", "--host", TARGET]
    yield "`scripts/rollback --undo`", ["scripts/rollback", TARGET, ARM, "--undo", latest()]
    yield (
        "`pytest suites/drill suites/validate`",
        [*pytest, "suites/drill", "suites/validate", TARGET, ARM],
    )
    yield "`pytest suites/monitor`", [*pytest, "suites/monitor", TARGET, f"--soak={soak}"]
    yield "`scripts/sandbox down`", ["scripts/sandbox", "down"]


def latest() -> str:
    """Return the run that the host has recorded last."""
    command = [sys.executable, "scripts/rollback", "status", TARGET]
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
        [sys.executable, *command],
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
            for name, command in story(asked.soak):
                told = heard(command, Path(place) / "reports", terminal=terminal)
                print(f"{name}: {told.words}", file=sys.stderr, flush=True)
                found.setdefault(name, []).append(told.words)
    head = ["first output / longest silence / in all", "on a terminal", "in a pipe"]
    print(table(head, [[name, *cells] for name, cells in found.items()]))


if __name__ == "__main__":
    main()
