"""Play every drill on every target, and print the table that docs/drills.md keeps.

    .venv/bin/python benchmarks/drills.py [--on embedded,links,packages,images,ssh] [NAME ...]

Names are those of scenarios, `issues` for the procedure's four, those of faults, or `faults` for
all that can happen to a host while it is rolled back. A row is printed as soon as it is known: what
a run says itself, by its own report. A fault takes two runs where the first is refused or lost:
there the edge is asked from outside, by the same prober, from the first command to the end of the
last.
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

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from pytest_rollback.checks import latency
from pytest_rollback.checks.edge import LocalProber
from pytest_rollback.extras.sandbox.local.sandbox import Embedded
from pytest_rollback.extras.sandbox.machine.sandbox import Machine
from pytest_rollback.manifest.load import load
from pytest_rollback.manifest.release import BACKUPS, COMMANDS, IMAGES, LINKS, PACKAGES, STATE
from pytest_rollback.manifest.requests import watched_edge
from pytest_rollback.transport.connection import Connection
from tests.machine.faults import FAULTS, Fault
from tests.machine.targets import BOTH, Processes, Target, Whole

REPOSITORY = Path(__file__).resolve().parents[1]
VILLAGE = REPOSITORY / "fixtures/village"
ISSUES, HAPPENINGS = "issues", "faults"
EMBEDDED = {"embedded": BACKUPS, **{each: each for each in (LINKS, STATE, COMMANDS, IMAGES)}}
MACHINES = {"ssh": BACKUPS, "podman": BACKUPS, PACKAGES: PACKAGES}
"""How the previous release is kept, by the name of a target."""

STRATEGIES = {**EMBEDDED, **MACHINES}
ISSUES_OF = {BACKUPS: (ISSUES,)}
"""The procedure's issues are about its backups: what they break is not there otherwise."""

HELD, LONGEST = 12, 400.0
"""The exit code while somebody else holds the host, and seconds in which a fault is got over."""

HEAD = """\
| drill | target | verdict | took | users got errors | the maintenance page |
| --- | --- | --- | --: | --: | --: |"""


class Stage:
    """One sandbox that is kept up for all its drills, in a temporary directory of its own."""

    def __init__(self, kind: str, strategy: str = BACKUPS) -> None:
        self.kind, self.home = kind, Path(tempfile.mkdtemp(prefix="d-"))
        self.home.chmod(0o711)  # the database's own user goes through it
        made: dict[str, Any] = {"sandbox": Embedded, "machine": Machine}
        self.sandbox: Any = made[kind](VILLAGE, strategy=strategy).up(
            self.home / f"rollback-{kind}-{os.getuid()}", keep=True
        )
        self.sandbox.deploy()
        target = Processes if kind == "sandbox" else Whole
        self.target: Target = target(self.home, self.sandbox.manifest_path, self.sandbox)
        connection = Connection(load(self.sandbox.manifest_path).system)
        latency.keep(connection, connection.system)
        connection.close()
        self.sandbox.keep()

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

    def rows(self, name: str, target: str) -> Iterator[list[str]]:
        """Yield the rows of what was asked for."""
        if name == HAPPENINGS or name in FAULTS:
            return self.faults(target, [name] if name in FAULTS else list(FAULTS))
        return self.issues() if name == ISSUES else self.scenario(name)

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

    def faults(self, on: str, names: list[str]) -> Iterator[list[str]]:
        """Yield a row for each fault that can happen on a target."""
        for name, fault in [(name, FAULTS[name]) for name in names if on in FAULTS[name].on]:
            self.sandbox.break_(fault.release)
            yield [f"fault: {name}", *self.fault(fault)]
            if isinstance(self.target, Processes):
                self.target.unmount()
            self.sandbox.reset()

    def fault(self, fault: Fault) -> list[str]:
        """Roll back while it happens, and again where that did not recover; return the row."""
        users = outside(self.target)
        users.start()
        verdicts = [fault.hinder(self.target, *BOTH).record["verdict"]]
        fault.mend(self.target)
        while verdicts[-1] != "RECOVERED" and users.now() < LONGEST:
            code, _ = self.target.drill()
            if code == HELD:  # by the run that was lost: it counts as dead after a while
                time.sleep(5.0)
            else:
                verdicts.append(self.target.record()["verdict"])
        got, took = users.stop(), users.now()
        seconds = (took, got.outage_seconds, got.maintenance_seconds)
        return [", then ".join(verdicts), *map(told, seconds)]

    def down(self) -> None:
        """End it."""
        self.sandbox.down()


def outside(target: Target) -> LocalProber:
    """Return what asks the edge as the run's own prober does, but from here and over all runs."""
    system = load(target.manifest).system
    if system.edge is None:
        raise SystemExit(f"{target.manifest} describes no edge")
    edge = watched_edge(system, system.edge)
    return LocalProber(edge._replace(url=target.edge))


def told(seconds: float | None) -> str:
    """Return seconds for people."""
    return "-" if seconds is None else f"{seconds:.1f} s"


def main() -> None:
    """Play what was asked for."""
    known = sorted(path.parent.name for path in VILLAGE.glob("scenarios/*/scenario.toml"))
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--on", default=",".join(STRATEGIES), metavar="TARGETS")
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=", ".join([*known, ISSUES, HAPPENINGS])
    )
    asked = parser.parse_args()
    load_now = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    print(f"{os.cpu_count()} cores ({platform.machine()}); load at the start {load_now}\n\n{HEAD}")
    stages: dict[str, Stage] = {}
    try:
        for target in asked.on.split(","):
            kind = "sandbox" if target in EMBEDDED else "machine"
            strategy = STRATEGIES[target]
            place = f"{kind} {strategy}"
            stage = stages[place] = stages.get(place) or Stage(kind, strategy)
            stage.reached(target)
            for name in asked.names or [*known, *ISSUES_OF.get(strategy, ()), HAPPENINGS]:
                for drill, *row in stage.rows(name, target):
                    print(f"| {' | '.join([drill, target, *row])} |", flush=True)
    finally:
        for stage in stages.values():
            stage.down()


if __name__ == "__main__":
    main()
