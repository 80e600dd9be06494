"""Play every drill on every target, and print the table that docs/drills.md keeps.

    .venv/bin/python benchmarks/drills.py [--on embedded,ssh,podman] [NAME ...]

Names are those of scenarios, or `issues` for the procedure's four. A row is printed as soon as it
is known: what a run says itself, by its own report.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import tomli_w

from rollback import latency
from rollback.connection import Connection
from rollback.manifest import load
from rollback.sandbox import pristine
from rollback.sandbox.embedded import Embedded
from rollback.sandbox.machine import Machine

REPOSITORY = Path(__file__).resolve().parents[1]
VILLAGE = REPOSITORY / "fixtures/village"
ISSUES = "issues"
TARGETS = ("embedded", "ssh", "podman")
HEAD = """\
| drill | target | verdict | took | users got errors | the maintenance page |
| --- | --- | --- | --: | --: | --: |"""


class Stage:
    """One sandbox that is kept up for all its drills, in a temporary directory of its own."""

    def __init__(self, kind: str) -> None:
        self.kind, self.home = kind, Path(tempfile.mkdtemp(prefix="d-"))
        self.home.chmod(0o711)  # the database's own user goes through it
        made: dict[str, Any] = {"sandbox": Embedded, "machine": Machine}
        self.sandbox: Any = made[kind](VILLAGE).up(
            self.home / f"rollback-{kind}-{os.getuid()}", keep=True
        )
        self.sandbox.deploy()
        connection = Connection(load(self.sandbox.manifest_path).system)
        latency.keep(connection, connection.system)
        connection.close()
        self.keep()

    def keep(self) -> None:
        """Have a reset return to how it is now."""
        if isinstance(self.sandbox, Machine):
            self.sandbox.inside.container.keep()
        else:
            pristine.take(self.sandbox.site)

    def reached(self, target: str) -> None:
        """Write down how it is reached: over ssh, or through the container engine."""
        path = self.sandbox.manifest_path
        document = {**tomllib.loads(path.read_text()), "target": self.sandbox.manifest["target"]}
        if target == "podman":
            where = f"podman://{self.sandbox.inside.container.name}"
            document["target"] = {**document["target"], "connection": where}
        path.write_text(tomli_w.dumps(document))

    def pytest(self, *suites: str) -> dict[str, Any]:
        """Run suites against it; return the run's report."""
        reports = self.home / f"reports-{time.monotonic_ns()}"
        command = [sys.executable, "-m", "pytest", *suites, f"--rollback-target={self.kind}"]
        subprocess.run(
            [*command, "-o", f"rollback_reports={reports}"],
            cwd=REPOSITORY,
            env={**os.environ, "TMPDIR": str(self.home)},
            stdout=subprocess.DEVNULL,
            check=False,
        )
        (found,) = reports.glob("*/report.json")
        report: dict[str, Any] = json.loads(found.read_text())
        return report

    def scenario(self, name: str) -> Iterator[list[str]]:
        """Yield the row of one bad release: broken, rolled back, validated, put back."""
        self.sandbox.break_(name)
        report = self.pytest("suites/drill", "suites/validate")
        self.sandbox.reset()
        seconds = (report[key] for key in ("elapsed", "outage_seconds", "maintenance_seconds"))
        yield [name, report["verdict"], *map(told, seconds)]
        for reason in report["reasons"] if report["verdict"] != "RECOVERED" else ():
            yield [f"({reason})", "", "", "", ""]

    def issues(self) -> Iterator[list[str]]:
        """Yield a row for each of the procedure's issues."""
        for each in self.pytest("suites/drill/troubleshooting")["criteria"]:
            verdict = "RECOVERED" if each["outcome"] == "met" else "NOT RECOVERED"
            keys = ("seconds", "outage_seconds", "maintenance_seconds")
            seconds = (each["evidence"].get(key) for key in keys)
            yield [f"issue: {each['id'].split('.', 1)[1]}", verdict, *map(told, seconds)]

    def down(self) -> None:
        """End it."""
        self.sandbox.down()


def told(seconds: float | None) -> str:
    """Return seconds for people."""
    return "-" if seconds is None else f"{seconds:.1f} s"


def main() -> None:
    """Play what was asked for."""
    known = sorted(path.parent.name for path in VILLAGE.glob("scenarios/*/scenario.toml"))
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--on", default=",".join(TARGETS), metavar="TARGETS")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join([*known, ISSUES]))
    asked = parser.parse_args()
    load_now = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    print(f"{os.cpu_count()} cores ({platform.machine()}); load at the start {load_now}\n\n{HEAD}")
    stages: dict[str, Stage] = {}
    try:
        for target in asked.on.split(","):
            kind = "sandbox" if target == "embedded" else "machine"
            stage = stages[kind] = stages.get(kind) or Stage(kind)
            stage.reached(target)
            for name in asked.names or [*known, ISSUES]:
                for drill, *row in stage.issues() if name == ISSUES else stage.scenario(name):
                    print(f"| {' | '.join([drill, target, *row])} |", flush=True)
    finally:
        for stage in stages.values():
            stage.down()


if __name__ == "__main__":
    main()
