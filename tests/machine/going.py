"""A drill that goes on in a process of its own, so that something can happen to its host."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from tests.machine.targets import BOTH, Target, Whole
from tests.plugin.operator import REPOSITORY

PATIENCE = 120.0


class Going:
    """One drill on a target, with its validation or without, begun; it has its own reports."""

    def __init__(self, target: Target, *suites: str) -> None:
        self.reports = target.home / f"going-{time.monotonic_ns()}"
        words = [*(suites or BOTH), f"--arm={target.name}"]
        command = [sys.executable, "-m", "pytest", *words]
        where = [f"--rollback-target={target.manifest}", "-o", f"rollback_reports={self.reports}"]
        self.process = subprocess.Popen(
            [*command, *where],
            cwd=REPOSITORY,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "COLUMNS": "80"},
        )

    def in_phase(self, phase: str) -> None:
        """Wait until it has begun a change of this phase."""
        until = time.monotonic() + PATIENCE
        while not self._begun(phase):
            assert self.process.poll() is None, self.process.communicate()[0]
            assert time.monotonic() < until, phase
            time.sleep(0.01)

    def _begun(self, phase: str) -> bool:
        lines = [
            line
            for path in self.reports.glob("*/timeline.jsonl")
            for line in path.read_text().splitlines()
        ]
        events = [json.loads(line) for line in lines if line.endswith("}")]
        return any(event["event"] == "begin" and event["phase"] == phase for event in events)

    def ended(self) -> tuple[int, str]:
        """Wait for its end; return its exit code and what it printed."""
        printed, _ = self.process.communicate(timeout=3 * PATIENCE)
        return self.process.returncode, printed


def states(host: Whole) -> dict[str, str]:
    """Return how systemd says that each unit is."""
    units = host.machine.inside.units
    asked = ("systemctl", "show", "--property=ActiveState", "--value")
    return {unit: host.run(*asked, unit) for unit in units}


def processes(host: Whole) -> dict[str, str]:
    """Return the main process of each unit, by which one sees that it was never stopped."""
    asked = ("systemctl", "show", "--property=MainPID", "--value")
    return {unit: host.run(*asked, unit) for unit in host.machine.inside.units}


def version(host: Whole) -> str:
    """Return the release that is live."""
    return host.run("cat", str(Path(host.machine.inside.system.about.root, "VERSION")))
