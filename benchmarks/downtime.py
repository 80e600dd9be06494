"""Compare users' downtime: a drill, and the bare commands of the procedure on the same system.

    .venv/bin/python benchmarks/downtime.py --rounds 3

Each turn deploys the same bad release on the sandbox and rolls it back, by the suite or by a shell
that does what the procedure writes down: page, stop, mv, cp, start in order, health, page off. The
edge is asked from outside for all of it, by one prober. The bare way verifies nothing.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.bench import machine, shown, table
from benchmarks.drills import Stage, outside
from pytest_rollback.manifest.load import load
from pytest_rollback.manifest.model import System

RELEASE, LIMIT = "crash-loop", 1.3
"""The bad release, and how many times the bare commands' downtime a drill may have."""


class Turn(NamedTuple):
    """What users saw of one rollback: seconds of the maintenance page, and of errors in it."""

    page: float
    errors: float


def script(system: System) -> str:
    """Return the procedure's commands for the sandbox, as a shell carries them out."""
    page = system.maintenance
    if page is None:
        raise SystemExit("the sandbox has no maintenance page")
    control = f"{sys.executable} -m supervisor.supervisorctl -s unix://{system.services.socket}"
    lines = ["set -e", f"echo '{page.text}' > {page.page}"]
    lines += [f"{control} stop {each.unit}" for each in reversed(system.components)]
    lines += [
        f"cd {system.about.root}",
        """find . -name '*.backup' -exec sh -c 'mv "$1" "${1%.backup}"' _ {} \\;""",
        """test "$(find . -name '*.backup' | wc -l)" -eq 0""",
        f"cp {system.services.source}/*.conf {system.services.directory}/",
        f"{control} reread",
    ]
    for each in system.components:
        url = system.probes[each.health].url
        lines += [
            f"{control} start {each.unit}",
            f"{control} status {each.unit}",
            f"until curl -fs -o /dev/null {url}; do sleep 0.1; done",
        ]
    return "\n".join([*lines, f"rm {page.page}"])


def bare(stage: Stage) -> None:
    """Roll back by hand."""
    line = script(load(stage.sandbox.manifest_path).system)
    subprocess.run(["/bin/sh", "-c", line], check=True, stdout=subprocess.DEVNULL)


def drill(stage: Stage) -> None:
    """Roll back by the suite."""
    report = stage.pytest("suites/drill")
    if report["verdict"] != "RECOVERED":
        raise SystemExit(f"{report['verdict']}: {report['reasons']}")


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    print(f"{machine(Path(tempfile.gettempdir()))}; medians of {rounds} turns\n")
    turns: dict[str, list[Turn]] = {"bare": [], "drill": []}
    stage = Stage("sandbox")
    try:
        for _ in range(rounds):
            for name, way in (("bare", bare), ("drill", drill)):
                stage.sandbox.break_(RELEASE)
                users = outside(stage.target)
                users.start()
                way(stage)
                got = users.stop()
                turns[name].append(Turn(got.maintenance_seconds or 0.0, got.outage_seconds or 0.0))
                stage.sandbox.reset()
    finally:
        stage.down()
    pages = {name: statistics.median(each.page for each in got) for name, got in turns.items()}
    rows = [
        [
            {"bare": "the bare commands", "drill": "**pytest suites/drill**"}[name],
            shown(pages[name]),
            shown(min(each.page for each in got)),
            shown(max(each.page for each in got)),
            shown(statistics.median(each.errors for each in got)),
        ]
        for name, got in turns.items()
    ]
    print(table(["rolled back by", "page", "shortest", "longest", "errors beside it"], rows))
    ratio = pages["drill"] / pages["bare"]
    print(f"\nthe drill: {ratio:.2f} x, wanted {LIMIT} x: {'met' if ratio <= LIMIT else 'MISSED'}")


if __name__ == "__main__":
    main()
