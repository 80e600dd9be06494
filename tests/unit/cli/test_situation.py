"""`rollback` alone: where things stand in ten lines, and the command that comes next."""

from __future__ import annotations

import datetime as dt
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pytest_rollback.cli import main
from pytest_rollback.cli.standing import situation
from pytest_rollback.cli.standing.situation import SystemStanding
from pytest_rollback.report.run_summary import RunSummary

REPOSITORY = Path(__file__).parents[3]
NOW = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)


def run(verdict: str, number: int = 1, hours: int = 1) -> RunSummary:
    """Return a run that ended some hours ago."""
    then = (NOW - dt.timedelta(hours=hours)).isoformat()
    return RunSummary(run=f"r{number}", verdict=verdict, finished=then)


def standing(silent: str = "", following: str = "", **runs: RunSummary) -> SystemStanding:
    """Return what is known of some suites; the last one that is named was the latest."""
    return SystemStanding(runs, next(reversed(runs.values()), None), None, silent, following)


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        (standing(), "rollback ready"),
        (standing(readiness=run("NOT READY")), "rollback ready"),
        (standing(readiness=run("READY", hours=30)), "rollback ready"),
        (standing(readiness=run("READY")), "rollback plan, then"),
        (standing(readiness=run("READY"), drill=run("RECOVERED", 2)), "rollback monitor"),
        (standing(readiness=run("READY"), triage=run("ROLL BACK NOW")), "rollback now"),
        (standing(drill=run("NOT RECOVERED"), following="rollback undo r1"), "rollback undo r1"),
        (standing("no route", readiness=run("READY")), "rollback status, once"),
        (
            standing(readiness=run("READY"), drill=run("RECOVERED", 2), monitor=run("STEADY", 3)),
            "nothing; before a deploy: rollback save",
        ),
    ],
)
def test_what_comes_next(found: SystemStanding, wanted: str) -> None:
    """An open run first, then an incident, then what is due."""
    assert situation.following(found, NOW).startswith(wanted)


def test_a_run_has_its_age() -> None:
    """In its largest unit; what has no time has none."""
    assert situation.told(run("READY", hours=50), NOW) == "READY, 2 days ago  (r1)"
    assert situation.told(run("READY", hours=0), NOW) == "READY, just now  (r1)"
    assert situation.told(RunSummary(run="r1"), NOW) == "NOT FINISHED  (r1)"
    assert situation.told(None, NOW) == "not yet"


def test_a_folder_without_a_system_says_how_to_begin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Four lines, and no error."""
    monkeypatch.chdir(tmp_path)
    assert main.main([]) == 0
    said = capsys.readouterr().out

    assert len(said.splitlines()) == 4
    assert all(word in said for word in ("rollback sandbox up", "rollback init", "--help"))


def test_a_host_that_says_nothing_is_told_in_time(tmp_path: Path) -> None:
    """It takes the connection and is silent: all else is still said, and what comes next."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        text = (REPOSITORY / "rollback.toml").read_text()
        host = f'"ssh://nobody@127.0.0.1:{server.getsockname()[1]}"'
        (tmp_path / "rollback.toml").write_text(text.replace('"local://"', host))
        began = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "pytest_rollback.cli.main"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "COLUMNS": "80"},
        )

    assert (done.returncode, time.monotonic() - began < 45) == (0, True), done
    lines = done.stdout.splitlines()
    assert len(lines) <= 10
    assert "host       does not say: " in done.stdout
    assert lines[-1].startswith("next: ")
    assert "rollback status, once the host answers" in lines[-1]
