"""What a run leaves behind: its record, and the files in its folder, which nobody else can read."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from rollback.connection import agent_sha256
from rollback.run import Run, operator

PRIVATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW


def record_of(run: Run) -> dict[str, Any]:
    """Return everything that the report states of a run."""
    target = run.system.target
    return {
        "run": run.identity,
        "verdict": run.verdict,
        "sentence": f"{run.verdict} ({target.name})",
        "reasons": [f"{each.row}: {each.message}" for each in run.reasons],
        "system": run.system.about.name,
        "target": {
            "name": target.name,
            "connection": target.connection,
            "demonstration": run.demonstration,
        },
        "incident": run.asked.incident,
        "operator": operator(),
        "started": run.started.isoformat(timespec="seconds"),
        "finished": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "rto": run.system.about.rto,
        "phases": [],
        "users": [],
        "outage_seconds": None,
        "maintenance_seconds": None,
        "criteria": [
            {**asdict(each), "id": each.identity, "suite": each.suite} for each in run.outcomes
        ],
        "latency": run.measured,
        "round_trips": run.connection.trips,
        "manifest": {"path": str(run.loaded.path), "sha256": run.loaded.sha256},
        "agent_sha256": agent_sha256(),
    }


def leave(run: Run, record: Mapping[str, Any]) -> Iterator[str]:
    """Write the record; yield where everything lies, and what could not be written."""
    try:
        run.folder.mkdir(0o700, parents=True, exist_ok=True)
        path = run.folder / "report.json"
        with os.fdopen(os.open(path, PRIVATE, 0o600), "w", encoding="ascii") as file:
            json.dump(record, file, indent=2)
        yield f"report: {run.folder / 'report.html'}"
    except OSError as error:
        yield f"no report could be written: {error}"
    yield from run.notes
    if run.timeline.decided is not None and run.verdict != "RECOVERED":
        gone = "the sandbox of this session is gone: nothing is left to go on with"
        yield gone if run.fleeting else f"go on with: {run.resume}"
