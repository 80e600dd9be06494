"""All runs in one page: how they ended, how long they took, and which drill is due.

What the page needs of a run is kept in `.index.json`, so that each run's record is read once.
"""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pytest_rollback.evidence import seal, signoffs
from pytest_rollback.evidence.events import RunBegan, first
from pytest_rollback.evidence.run_folder import DATA, REPORT, TIMELINE, write_private
from pytest_rollback.incident.escalation import WELL
from pytest_rollback.report.html import all_runs

PAGE, CACHE = "index.html", ".index.json"
KEPT = (
    *("run", "verdict", "sentence", "system", "incident", "operator", "started", "finished"),
    *("rto", "elapsed", "outage_seconds", "maintenance_seconds", "scenario", "max_age"),
)
"""What is kept of a record as it is."""


def summary(folder: Path) -> dict[str, Any]:
    """Return what the page says of one run; of one without a record what its timeline tells."""
    try:
        record = json.loads((folder / DATA).read_text("utf-8"))
    except (OSError, ValueError):
        record = None
    if not isinstance(record, dict):
        return unfinished(folder)
    target, manifest = record.get("target") or {}, record.get("manifest") or {}
    criteria = [each for each in record.get("criteria") or () if isinstance(each, dict)]
    return {
        **{key: record.get(key) for key in KEPT},
        "run": folder.name,
        "target": target.get("name"),
        "demonstration": target.get("demonstration") is True,
        "manifest": manifest.get("sha256"),
        "suites": sorted({str(each["suite"]) for each in criteria if each.get("suite")}),
        "drilled": is_drilled(record, criteria),
        "report": (folder / REPORT).is_file(),
        "archive": seal.archive_of(folder).is_file(),
    }


def is_drilled(record: Mapping[str, Any], criteria: Iterable[Mapping[str, Any]]) -> bool:
    """Tell whether a run proves that a rollback works: carried out, and recovered."""
    drill = any(each.get("suite") == "drill" for each in criteria)
    return drill and record.get("decided") is not None and record.get("verdict") in WELL


def unfinished(folder: Path) -> dict[str, Any]:
    """Return what is known of a run that goes on or was killed."""
    events = signoffs.events(folder)
    began, started = first(RunBegan, events) or RunBegan(), events[0].at if events else None
    known = {"verdict": "NOT FINISHED", "run": folder.name, "started": started}
    about = {"target": began.target, "incident": began.incident, "operator": began.operator}
    report = {"report": (folder / REPORT).is_file(), "archive": False}
    where = {"scenario": began.scenario, "demonstration": began.demonstration}
    return {**known, **about, **where, **report}


def stamp(folder: Path) -> float:
    """Return when what is told of a run was written last."""
    for name in (DATA, TIMELINE):
        try:
            return (folder / name).stat().st_mtime
        except OSError:
            continue
    return 0.0


def runs(home: Path) -> list[dict[str, Any]]:
    """Return what there is to say of every run, the oldest first; each record is read once."""
    known = remembered(home)
    found: dict[str, dict[str, Any]] = {}
    for folder in sorted(home.iterdir()):
        if not folder.is_dir() or folder.is_symlink() or not (folder / TIMELINE).is_file():
            continue
        old, when = known.get(folder.name), stamp(folder)
        fresh = old is None or old.get("when") != when
        found[folder.name] = {"when": when, "run": summary(folder)} if fresh or not old else old
    remember(home, found)
    return [each["run"] for each in found.values()]


def remembered(home: Path) -> dict[str, dict[str, Any]]:
    """Return what was kept of runs; nothing where it cannot be read."""
    try:
        found = json.loads((home / CACHE).read_text("utf-8"))
        return {
            str(name): each
            for name, each in found.items()
            if isinstance(each, dict) and isinstance(each.get("run"), dict)
        }
    except (OSError, ValueError, AttributeError):
        return {}


def remember(home: Path, found: Mapping[str, Any]) -> None:
    """Keep what was read of runs."""
    replaced(home / CACHE, json.dumps(found, default=str))


def replaced(path: Path, text: str) -> None:
    """Put a text in the place of a file, whole or not at all, whoever else does the same."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    write_private(fresh, text)
    fresh.replace(path)


def write(home: Path, now: dt.datetime | None = None) -> Path:
    """Write the page of all runs in a folder; return where it is.

    Raises:
        OSError: the folder cannot be read or written.
    """
    page = home / PAGE
    replaced(page, all_runs.render(runs(home), now or dt.datetime.now(dt.UTC)))
    return page
