"""A drill that goes on in a process of its own, so that something can happen to its host."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from rollback.sandbox.podman import podman
from tests.machine.host import Host
from tests.plugin.operator import REPOSITORY

PATIENCE = 120.0


class Going:
    """One drill on a machine, begun; it has reports of its own."""

    def __init__(self, host: Host) -> None:
        self.host, self.reports = host, host.home / f"going-{time.monotonic_ns()}"
        command = [sys.executable, "-m", "pytest", "suites/drill", "--arm=machine"]
        where = [f"--rollback-target={host.manifest}", "-o", f"rollback_reports={self.reports}"]
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


def cut_off(host: Host) -> None:
    """Let nobody in any more, and end every session there is, as a network would."""
    host.run("systemctl", "stop", "ssh")
    for session in host.run("sh", "-c", "pgrep -x sshd || true").split():
        host.run("sh", "-c", f"kill -9 {session} || true")


def mounted(host: Host, *words: str) -> None:
    """Mount something in the machine, which its own root may not."""
    name = host.machine.inside.container.name
    found = podman("container", "inspect", "--format", "{{.State.Pid}}", name).decode().strip()
    subprocess.run(["nsenter", "-t", found, "-m", "mount", *words], check=True)


def states(host: Host) -> dict[str, str]:
    """Return how systemd says that each unit is."""
    units = host.machine.inside.units
    asked = ("systemctl", "show", "--property=ActiveState", "--value")
    return {unit: host.run(*asked, unit) for unit in units}


def processes(host: Host) -> dict[str, str]:
    """Return the main process of each unit, by which one sees that it was never stopped."""
    asked = ("systemctl", "show", "--property=MainPID", "--value")
    return {unit: host.run(*asked, unit) for unit in host.machine.inside.units}


def version(host: Host) -> str:
    """Return the release that is live."""
    return host.run("cat", str(Path(host.machine.inside.system.about.root, "VERSION")))
