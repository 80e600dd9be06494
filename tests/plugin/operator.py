"""Somebody who runs the suites against a target, as a person would: by command."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from pytest_rollback.errors import PARTIAL

REPOSITORY = Path(__file__).parents[2]
FINE = {"met", "advisory"}
HEEDING = ("env", "--default-signal=INT,HUP,TERM")
"""Starts a command that a signal ends. A process that a shell started in the background ignores
SIGINT, as one of nohup ignores SIGHUP, and so does all that it starts."""


def criteria(suite: str) -> set[str]:
    """Return every criterion id of a suite, from its sources."""
    trees = [ast.parse(path.read_text()) for path in REPOSITORY.glob(f"suites/{suite}/test_*.py")]
    calls = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return {
        ast.literal_eval(call.args[0])
        for call in calls
        if isinstance(call.func, ast.Name) and call.func.id == "criterion"
    }


def last_record(reports: Path) -> dict[str, Any]:
    """Return the record of the last run that left its folder here."""
    folders = (path for path in reports.iterdir() if path.is_dir())
    last = max(folders, key=lambda folder: folder.stat().st_mtime_ns)
    found: dict[str, Any] = json.loads((last / "report.json").read_text())
    return found


TICKS = re.compile(r"^\d+m\d\ds .*\n", re.MULTILINE)
"""The lines that tick in a pipe, as many as a command has seconds."""


def said(done: subprocess.CompletedProcess[str]) -> str:
    """Return all that a command has printed but the lines that ticked meanwhile."""
    return done.stdout + TICKS.sub("", done.stderr)


class Operator:
    """An operator with a description of one target, and a place for reports.

    Args:
        home: a directory of the test's own.
        manifest: the target's rollback.toml.
    """

    def __init__(self, home: Path, manifest: Path) -> None:
        self.home, self.manifest = home, manifest

    def pytest(self, *words: str) -> tuple[int, str]:
        """Run pytest as an operator would; return its exit code and what it printed."""
        where = (f"--rollback-target={self.manifest}", "-o", f"rollback_reports={self.reports}")
        done = subprocess.run(
            [*HEEDING, sys.executable, "-m", "pytest", *where, *words],
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "COLUMNS": "80"},
        )
        return done.returncode, said(done)

    def rollback(self, name: str, *words: str) -> tuple[int, str]:
        """Run a command where nobody can type; return its exit code and what it printed."""
        where = f"--rollback-target={self.manifest}"
        done = subprocess.run(
            [*HEEDING, sys.executable, "scripts/rollback", name, where, *words],
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            check=False,
            env={**os.environ, "COLUMNS": "80", "ROLLBACK_REPORTS": str(self.reports)},
        )
        return done.returncode, said(done)

    def baseline(self) -> None:
        """Store the response times of a healthy system, by the criterion of readiness that does."""
        code, printed = self.pytest("suites/readiness", "-k", "test_a_baseline_is_stored")
        assert code == PARTIAL, printed

    @property
    def reports(self) -> Path:
        """Return where the runs leave their folders."""
        return self.home / "reports"

    def record(self) -> dict[str, Any]:
        """Return the record of the last run."""
        return last_record(self.reports)

    def reds(self, suite: str) -> tuple[int, set[tuple[str, str | None]]]:
        """Run one suite; return its exit code and what was not met, for whom."""
        code, printed = self.pytest(f"suites/{suite}")
        assert "report: " in printed, printed
        rows = self.record()["criteria"]
        return code, {(c["id"], c["component"]) for c in rows if c["outcome"] not in FINE}

    def outcomes(self) -> dict[tuple[str, str | None], str]:
        """Return how each criterion of the last run ended, by id and component."""
        return {(c["id"], c["component"]): c["outcome"] for c in self.record()["criteria"]}

    def readiness(self) -> tuple[int, set[tuple[str, str | None]]]:
        """Run the readiness suite; return its exit code and what was not met, for whom."""
        return self.reds("readiness")
