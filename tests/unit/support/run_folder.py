"""Folders of runs as runs leave them, without a host: what comes after a run is tested on them."""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from pytest_rollback.agent.state.journal import Journal
from pytest_rollback.evidence import seal as evidence_seal
from pytest_rollback.evidence.events import Event, as_data
from pytest_rollback.evidence.json_data import dump
from pytest_rollback.evidence.redaction import Redactor
from pytest_rollback.evidence.run_folder import seal, write_private
from pytest_rollback.report.rebuild import page
from pytest_rollback.run.record import record
from tests.unit.support.run_facts import NOON, STORY, event, facts, outcome

REPOSITORY = Path(__file__).parents[3]


def story(**began: object) -> list[Event]:
    """Return the events of a rollback that went well, from the first to the last."""
    about = {"run": "r1", "operator": "ann@ops1", "target": "corner", "incident": None, **began}
    at = NOON + dt.timedelta(seconds=60)
    end = event("finished", 60.0, at=at.isoformat(), verdict="RECOVERED")
    return [event("began", 0.0, **about), *STORY, end]


def written(folder: Path, events: list[Event]) -> Path:
    """Write a timeline; that is all a killed run leaves."""
    folder.mkdir(mode=0o700, parents=True)
    write_private(folder / "timeline.jsonl", "".join(f"{json.dumps(as_data(e))}\n" for e in events))
    return folder


def left(reports: Path, name: str = "20261124-120000-aaaa", **more: Any) -> Path:  # noqa: ANN401
    """Make the folder of a run that is over, sealed."""
    events = more.pop("events", story())
    folder = written(reports / name, events)
    more.setdefault("outcomes", [outcome("validate.health.answers")])
    made = record(facts(run=name, events=events, elapsed=16.0, **more))
    write_private(folder / "report.html", page(made))
    (folder / "host/journals").mkdir(parents=True)
    journal = Journal(str(folder / "host/journals/changes"))
    journal.add("snapshot")
    journal.add("snapshot done", missing=[])
    journal.close()
    seal(folder, dump(made), Redactor({}))
    evidence_seal.close(folder, "the run ended")
    return folder


TICKS = re.compile(r"^\d+m\d\ds .*\n", re.MULTILINE)
"""The lines that tick in a pipe, where a command takes its time."""


def call(command: str, *words: str, said: str = "", **environment: str) -> tuple[int, str]:
    """Run a command as somebody would; return its exit code and what it printed."""
    done = subprocess.run(
        [sys.executable, str(REPOSITORY / "scripts/rollback"), *command.split(), *words],
        capture_output=True,
        text=True,
        check=False,
        input=said,
        env={**os.environ, **environment},
    )
    return done.returncode, done.stdout + TICKS.sub("", done.stderr)
