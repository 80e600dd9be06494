"""All runs in one page: how they ended, how long they took, and which drill is due.

What the page needs of a run is kept in `.index.json`, so that each run's record is read once.
"""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pytest_rollback.evidence.json_data import dump, loads, salvage
from pytest_rollback.evidence.run_folder import DATA, TIMELINE, write_private
from pytest_rollback.report.html import all_runs
from pytest_rollback.report.run_summary import RunSummary, summary

PAGE, CACHE = "index.html", ".index.json"


@dataclass(frozen=True)
class CachedRun:
    """What was read of a run, and when its record had been written then: seconds since 1970."""

    when: float | None = None
    run: RunSummary = field(default_factory=RunSummary)


def stamp(folder: Path) -> float:
    """Return when a run's record, or else its timeline, was written last: seconds since 1970."""
    for name in (DATA, TIMELINE):
        try:
            return (folder / name).stat().st_mtime
        except OSError:
            continue
    return 0.0


def runs(home: Path) -> list[RunSummary]:
    """Return what there is to say of every run, the oldest first; each record is read once."""
    known = remembered(home)
    found: dict[str, CachedRun] = {}
    for folder in sorted(home.iterdir()):
        if not folder.is_dir() or folder.is_symlink() or not (folder / TIMELINE).is_file():
            continue
        old, when = known.get(folder.name), stamp(folder)
        fresh = old is None or old.when != when or old.run.run != folder.name
        found[folder.name] = CachedRun(when, summary(folder)) if fresh or old is None else old
    remember(home, found)
    return [each.run for each in found.values()]


def remembered(home: Path) -> dict[str, CachedRun]:
    """Return what was kept of runs; nothing where it cannot be read."""
    try:
        found = loads((home / CACHE).read_bytes())
    except (OSError, ValueError):
        return {}
    rows = found.items() if isinstance(found, dict) else ()
    return {name: salvage(CachedRun, each) for name, each in rows}


def remember(home: Path, found: Mapping[str, CachedRun]) -> None:
    """Keep what was read of runs."""
    replaced(home / CACHE, json.dumps({name: dump(each) for name, each in found.items()}))


def replaced(path: Path, text: str) -> None:
    """Replace a file at once, also while another process does the same."""
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
