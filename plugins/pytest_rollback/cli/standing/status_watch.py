"""`status --watch`: a run that another process carries out, looked at every two seconds.

What the host's journals say is true from everywhere. Where the run's timeline is on this machine as
well, it says more: the change that is under way, and when the clock was started.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from pytest_rollback.agent.messages.state.runs import RunState
from pytest_rollback.errors import Unreachable
from pytest_rollback.evidence import runs, signoffs
from pytest_rollback.evidence.events import (
    ActionBegun,
    ChangeBegun,
    ChangeEnded,
    CriterionEnded,
    Decided,
    Event,
    HostTaken,
    first,
)
from pytest_rollback.manifest.model import System
from pytest_rollback.manifest.values import Phase
from pytest_rollback.progress.activity import PROGRESS, Progress, Stage
from pytest_rollback.progress.line import cut, line, plain
from pytest_rollback.progress.screen import columns
from pytest_rollback.progress.ticker import TICKER
from pytest_rollback.recovery import status
from pytest_rollback.run.command_line.drawing import Drawing
from pytest_rollback.run.command_line.shared import INTERRUPTED
from pytest_rollback.run.phases import begun
from pytest_rollback.transport.connection import Connection
from pytest_rollback.transport.interrupts import INTERRUPTS

PACE = 2.0
"""Seconds from one look to the next."""

LATEST = 5
"""Folders of runs in which the timeline of one that goes on is looked for."""

GOOD = {"recovered", "isolated", "undone"}
"""Ends of a run that are what was wanted."""

PHASE_OF: Mapping[str, Phase] = {
    "save the state": "prepare",
    "isolate components": "isolate",
    "set the start guard": "isolate",
    "show the maintenance page": "isolate",
    "return the release": "files",
    "install recorded packages": "files",
    "restore files": "files",
    "move added files away": "files",
    "restore the configuration": "configuration",
    "install unit files": "configuration",
    "clear stale bytecode": "configuration",
    "migrate the database": "files",
    "restore the database": "configuration",
    "separate backups": "services",
    "remove the start guard": "services",
    "start services": "services",
    "remove the maintenance page": "validate",
    "close the backup set": "validate",
}
"""The phase of each step that journals know."""


class Watched(NamedTuple):
    """Where runs are looked for.

    Args:
        connection: the host that has the journals.
        system: its budgets are held against the clock.
        reports: where timelines of this machine are.
    """

    connection: Connection
    system: System
    reports: Path


def watch(at: Watched, found: RunState) -> int:
    """Show a run until it is over or Ctrl-C ends it; return the exit code: 0 where it went well.

    On a terminal it is drawn again in its place; elsewhere what has changed is one more line.
    """
    PROGRESS.current = "watches; Ctrl-C ends that, and not the run"
    drawing = Drawing(in_place=TICKER.in_place)
    if not TICKER.in_place:
        TICKER.rest()
    try:
        while found.state == "held" and not found.progress.damage:
            drawing.show(shown(at, found, whole=drawing.in_place))
            time.sleep(PACE)
            found = again(at, found, drawing)
        back = status.ways(at.connection, at.system, found)
    except KeyboardInterrupt:
        INTERRUPTS.ending()
        drawing.add(f"watched no longer; the run {found.id} goes on without you")
        return INTERRUPTED
    drawing.show([*status.detail(found, back)])
    return 0 if (found.outcome or status.words(found)) in GOOD else 1


def again(at: Watched, last: RunState, drawing: Drawing) -> RunState:
    """Look again; a host that does not answer may do so the next time."""
    try:
        return next(iter(status.runs(at.connection, last.id)), last)
    except Unreachable as error:
        drawing.add(f"not seen: {error.message}")
        return last


def shown(at: Watched, run: RunState, *, whole: bool) -> list[str]:
    """Return the lines about a run that goes on; where not the `whole` is wanted, one."""
    now = time.monotonic()
    told = line(progress(at, run, now), now, columns() - 1)
    if not whole:
        return [told]
    steps = (f"  {step.state:>7}  {step.name}" for step in run.progress.steps)
    after = [f"     next  {run.progress.next}"] if run.progress.next else []
    head = f"run {run.id} on {run.target}, begun {run.when[:19]} by {run.by}"
    return [cut(plain(each), columns() - 1) for each in (head, told, *steps, *after)]


def progress(at: Watched, run: RunState, now: float) -> Progress:
    """Return where a run is at the moment `now`, by its timeline if that is here."""
    events = timeline(at.reports, run.id)
    decided = first(Decided, events)
    began = (decided.moment if decided else None) or moment(run.when)
    elapsed = (dt.datetime.now(dt.UTC) - began).total_seconds()
    found = Progress()
    found.began = found.decided = now - elapsed
    found.objective = at.system.about.rto
    if decided is None:
        found.stage, found.current = journaled(run, now)
        return found
    reached = begun((each for each in events if each.offset >= decided.offset), decided.offset)
    for phase, since in [*reached.items()][-1:]:
        budget = at.system.budgets.of(phase) if phase in PHASE_OF.values() else None  # type: ignore[arg-type]
        found.stage = Stage(phase, found.decided + since, budget)
    found.current = under_way(events) or run.progress.next or ""
    return found


def journaled(run: RunState, now: float) -> tuple[Stage | None, str]:
    """Return the phase and the step that a run is in, by the journals on the host."""
    last = run.progress.steps[-1:]
    open_ = [step.name for step in run.progress.steps if step.state == "begun"]
    name = open_[0] if open_ else last[0].name if last else ""
    stage = Stage(PHASE_OF[name], now) if name in PHASE_OF else None
    return stage, name


def under_way(events: Sequence[Event]) -> str:
    """Return what the last event of a timeline says is done now."""
    for each in reversed(events):
        if isinstance(each, ChangeBegun):
            return each.what
        if isinstance(each, ActionBegun):
            return f"looks: {each.action}"
        if isinstance(each, CriterionEnded):
            return f"after {each.id}"
        if isinstance(each, ChangeEnded):
            return f"done: {each.what}"
    return ""


def timeline(reports: Path, run: str) -> list[Event]:
    """Return the events of the session that carries a run out, if it does that on this machine."""
    for folder in reversed(runs.folders(reports)[-LATEST:]):
        events = signoffs.events(folder)
        if any(isinstance(each, HostTaken) and each.run == run for each in events):
            return events
    return []


def moment(iso: str) -> dt.datetime:
    """Return a time that the host has written down; now, where it is none."""
    try:
        found = dt.datetime.fromisoformat(iso)
    except ValueError:
        return dt.datetime.now(dt.UTC)
    return found if found.tzinfo else found.replace(tzinfo=dt.UTC)
