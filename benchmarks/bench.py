"""What both benchmarks stand on: a tree with its backups, turns that are timed, one table."""

from __future__ import annotations

import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

import tomli_w

from pytest_rollback.agent.backup import save as backup_save
from pytest_rollback.agent.messages.backup.save import SaveRequest
from pytest_rollback.agent.messages.location import Location, Release
from pytest_rollback.errors import PARTIAL

REPOSITORY = Path(__file__).resolve().parents[1]
DIRECTORIES = 50
SMALLEST, LARGEST = 500, 20_000
"""Bytes of a file."""


class Stock:
    """A root of so many files, all of them saved and then changed, and its rollback.toml."""

    def __init__(self, home: Path, files: int) -> None:
        self.home, self.root, self.state = home, home / "srv", home / "state"
        self.names = [f"part{number % DIRECTORIES}/file{number}.py" for number in range(files)]
        self.manifest = home / "rollback.toml"

    def build(self) -> None:
        """Write the files, save them, and deploy over them."""
        dice = random.Random(len(self.names))  # noqa: S311 - sizes, no secrets
        for name in self.names:
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(dice.randbytes(dice.randrange(SMALLEST, LARGEST)))
        self.save()
        for name in self.names:
            with (self.root / name).open("ab") as file:
                file.write(b"# current\n")
        self.describe("local://")

    def save(self) -> None:
        """Save all files."""
        backup_save.save(
            SaveRequest(
                location=Location(str(self.root), str(self.state), ".backup"),
                system="stock",
                user="",
                by="benchmark",
                previous=Release("previous", None),
                current=Release("current", None),
                files=tuple(self.names),
                added=(),
                replace=True,
            )
        )

    def describe(self, connection: str) -> None:
        """Write rollback.toml."""
        system = {"name": "stock", "root": str(self.root), "state": str(self.state)}
        self.manifest.write_text(
            tomli_w.dumps(
                {
                    "system": system,
                    "target": {
                        "name": "bench",
                        "connection": connection,
                        "python": os.path.realpath(sys.executable),  # no version manager's shim
                    },
                    "components": [
                        {
                            "name": f"part{n}",
                            "unit": f"u{n}",
                            "health": "p",
                            "files": [f"part{n}*/**"],
                        }
                        for n in range(4)
                    ],
                    "probes": {"p": {"command": ["true"]}},
                }
            )
        )


@dataclass
class Way:
    """One way to do the work, called in turns with the others; `before` is not timed.

    `run` returns the most memory that its processes used, in MB, or 0 where nobody looked.
    """

    name: str
    run: Callable[[], float]
    before: Callable[[], object] = lambda: None
    rounds: int = 5
    seconds: list[float] = field(default_factory=list)
    memory: float = 0

    @property
    def median(self) -> float:
        """Seconds of the middle turn."""
        return statistics.median(self.seconds)

    def turn(self) -> None:
        """Do it once."""
        self.before()
        started = time.perf_counter()
        memory = self.run()
        self.seconds.append(time.perf_counter() - started)
        self.memory = max(self.memory, memory)


def command(*words: str | Path) -> Callable[[], float]:
    """Return what runs a command."""
    return lambda: _checked([str(word) for word in words])


def shell(line: str) -> Callable[[], float]:
    """Return what runs a line as people type it."""
    return command("/bin/sh", "-c", line)


def suite(*words: str | Path) -> Callable[[], float]:
    """Return what runs pytest as an operator would."""
    return command(sys.executable, "-m", "pytest", *words)


def _checked(words: list[str]) -> float:
    with tempfile.TemporaryFile() as said:
        child = subprocess.Popen(words, cwd=REPOSITORY, stdout=said, stderr=said)
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        if child.returncode not in {0, PARTIAL}:  # one file of a suite is measured as well
            raise SystemExit(f"{words} ended with {child.returncode}\n{said.read().decode()}")
    return used.ru_maxrss / 1024


def interleaved(ways: Iterable[Way]) -> list[Way]:
    """Run every way in turns, as often as each wants; return them."""
    listed = list(ways)
    for number in range(max(way.rounds for way in listed)):
        for way in listed:
            if number < way.rounds:
                way.turn()
    return listed


def shown(seconds: float) -> str:
    """Return a time as people compare it."""
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.2f} s"


def table(head: list[str], rows: Iterable[list[str]]) -> str:
    """Return a table in Markdown."""
    marks = ["---", *("--:" for _ in head[1:])]
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, marks, *rows])


def machine(place: Path) -> str:
    """Return what the numbers depend on."""
    asked = ["stat", "-f", "-c", "%T", str(place)]
    system = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    versions = f"pytest {version('pytest')}, testinfra {version('pytest-testinfra')}"
    return (
        f"{os.cpu_count()} cores ({platform.machine()}), Linux {platform.release()}, {system}, "
        f"Python {platform.python_version()}, {versions}; load at the start {load}"
    )
