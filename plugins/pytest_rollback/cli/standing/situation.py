"""`rollback` alone: where things stand for the system of this folder, and what comes next."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from pytest_rollback.agent.messages.state.runs import RunState
from pytest_rollback.errors import RollbackError
from pytest_rollback.evidence.run_folder import TIMELINE
from pytest_rollback.manifest.load import load
from pytest_rollback.manifest.model import System
from pytest_rollback.recovery import status
from pytest_rollback.report.run_summary import RunSummary, summary
from pytest_rollback.run.command_line.arguments import Parser, add_target
from pytest_rollback.run.command_line.shared import shown
from pytest_rollback.run.extras import outside, place, reports_of, usual
from pytest_rollback.text.doors import rollback
from pytest_rollback.text.quantities import count
from pytest_rollback.transport.connection import Connection

ABOUT = "Say where things stand for the system of this folder, and which command comes next."
PATIENCE = 8.0
"""Seconds that the host has for its answer."""

MOST = 50
"""Folders of runs that are looked at, the latest first."""

STALE = dt.timedelta(days=1)
"""After this readiness is asked again: each night."""


class SystemStanding(NamedTuple):
    """What is known: the latest runs by suite, the latest of all, what the host says of its own.

    `silent` is why the host says nothing, in one line.
    """

    by_suite: dict[str, RunSummary]
    latest: RunSummary | None
    on_host: RunState | None
    silent: str
    following: str


def main(arguments: Sequence[str], program: str) -> int:
    """Print where things stand; return the exit code."""
    made = Parser(prog=program, description=ABOUT)
    add_target(made)
    named = made.parse_args(arguments).rollback_target or usual()
    if named not in outside().practice and not Path(named).exists():
        shown("\n".join(beginning()))
        return 0
    system = load(place(named)).system
    found = standing(system, reports_of(named))
    now = dt.datetime.now(dt.UTC)
    shown("\n".join([*lines(system, named, found, now), f"next: {following(found, now)}"]))
    return 0


def beginning() -> Iterator[str]:
    """Yield how to begin where no system is described."""
    yield "this folder describes no system: it has no rollback.toml"
    yield f"  to try it         {rollback('sandbox', 'up')}"
    yield f"  for your system   {rollback('init')}"
    yield f"  all commands      {rollback('--help')}"


def standing(system: System, reports: Path) -> SystemStanding:
    """Return what reports and host say."""
    mine = [each for each in latest(reports) if each.target == system.target.name]
    by_suite: dict[str, RunSummary] = {}
    for run in mine:
        for suite in run.suites:
            by_suite.setdefault(suite, run)
    connection = Connection(system)
    try:
        runs = status.runs(connection, seconds=PATIENCE)
        last = runs[-1] if runs else None
        open_ = last if last and (last.state != "over" or last.progress.undo == "begun") else None
        back = status.ways(connection, system, open_) if open_ else status.FREE
        after = status.following(open_, back) if open_ else ""
        return SystemStanding(by_suite, next(iter(mine), None), last, "", after)
    except RollbackError as error:
        return SystemStanding(by_suite, next(iter(mine), None), None, error.message, "")
    finally:
        connection.close()


def latest(reports: Path) -> Iterator[RunSummary]:
    """Yield the latest runs that left a folder, the last one first."""
    with contextlib.suppress(OSError):
        folders = [each for each in reports.iterdir() if (each / TIMELINE).is_file()]
        yield from map(summary, sorted(folders, reverse=True)[:MOST])


def lines(system: System, named: str, found: SystemStanding, now: dt.datetime) -> Iterator[str]:
    """Yield a line for each thing that is known."""
    target = system.target
    yield f"system     {system.about.name}, {count(len(system.components), 'component')} ({named})"
    yield f"target     {target.name} at {target.connection}"
    yield f"readiness  {told(found.by_suite.get('readiness'), now)}"
    yield f"rollback   {told(found.by_suite.get('drill'), now)}"
    yield f"monitor    {told(found.by_suite.get('monitor'), now)}"
    yield f"last run   {told(found.latest, now)}"
    if found.silent:
        yield f"host       does not say: {found.silent}"
        return
    run = found.on_host
    yield f"on host    {f'run {run.id} {status.words(run)}, by {run.by}' if run else 'no run yet'}"
    free = "nobody is at work"
    yield f"lock       {f'held by {run.by}' if run and run.state == 'held' else free}"


def told(run: RunSummary | None, now: dt.datetime) -> str:
    """Return a run's verdict, its age and its id."""
    if run is None:
        return "not yet"
    old = age(run, now)
    return (
        f"{run.verdict or 'NOT FINISHED'}{f', {ago(old)}' if old is not None else ''}  ({run.run})"
    )


def age(run: RunSummary, now: dt.datetime) -> dt.timedelta | None:
    """Return how long ago a run ended, or else began."""
    with contextlib.suppress(ValueError):
        then = dt.datetime.fromisoformat(run.finished or run.started or "")
        return now - (then if then.tzinfo else then.replace(tzinfo=dt.UTC))
    return None


def ago(time: dt.timedelta) -> str:
    """Return an age in its largest unit."""
    seconds = max(0, int(time.total_seconds()))
    for unit, size in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= size:
            return f"{count(seconds // size, unit)} ago"
    return "just now"


def following(found: SystemStanding, now: dt.datetime) -> str:
    """Return the command that comes next: of the host's open run, else by what is known."""
    if found.silent:
        return "rollback status, once the host answers"
    return found.following or urgent(found) or due(found, now)


def urgent(found: SystemStanding) -> str:
    """Return what an incident needs next, "" where there is none."""
    drill, monitor = found.by_suite.get("drill"), found.by_suite.get("monitor")
    if found.latest and found.latest.verdict == "ROLL BACK NOW":
        return "rollback now"
    if drill and drill.verdict == "RECOVERED" and (not monitor or monitor.run < drill.run):
        return "rollback monitor"
    return ""


def due(found: SystemStanding, now: dt.datetime) -> str:
    """Return what is due where all is calm."""
    ready = found.by_suite.get("readiness")
    old = age(ready, now) if ready else None
    if ready is None or ready.verdict != "READY" or old is None or old > STALE:
        return "rollback ready"
    if "drill" not in found.by_suite:
        return "rollback plan, then rollback drill on a target that may be changed"
    return "nothing; before a deploy: rollback save, at an alarm: rollback triage"
