"""`rollback fleet status --watch`: a run of this machine as a grid of hosts and phases.

It reads `fleet.json` and the timelines beside it, and asks no host: whoever watches costs nothing,
and sees what goes on also where a host does not answer.
"""

from __future__ import annotations

import datetime as dt
import shutil
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from pytest_rollback.errors import RollbackError, UsageError
from pytest_rollback.evidence import signoffs
from pytest_rollback.evidence.events import Decided, Event, first
from pytest_rollback.evidence.run_folder import TIMELINE
from pytest_rollback.extras.fleet import run_files
from pytest_rollback.extras.fleet.balancing import earlier
from pytest_rollback.extras.fleet.balancing.guard import is_at_work
from pytest_rollback.extras.fleet.judge import BACK, BAD, HostOutcome
from pytest_rollback.extras.fleet.record import FleetRecord, HostRecord, failures_first, word
from pytest_rollback.extras.fleet.views.table import cut
from pytest_rollback.manifest.values import PHASES
from pytest_rollback.progress.activity import PROGRESS
from pytest_rollback.progress.line import plain
from pytest_rollback.progress.ticker import TICKER
from pytest_rollback.run.command_line.drawing import Drawing
from pytest_rollback.run.command_line.shared import INTERRUPTED
from pytest_rollback.run.phases import begun
from pytest_rollback.text.quantities import clock
from pytest_rollback.transport.interrupts import INTERRUPTS

PACE = 1.0
"""Seconds from one look to the next."""

NAME, MARK, STATE = 20, 4, 27
"""Characters of the columns: a host, each phase, and what is with the host."""

USUAL = (80, 24)
KEPT = 5
"""Lines of the terminal that are no hosts."""


def watch(reports: Path, target: str) -> int:
    """Show a run until it is over or Ctrl-C ends that; return the exit code of the run.

    Args:
        reports: where the runs of this machine are.
        target: the name of the fleet.

    Raises:
        UsageError: there is no run.
    """
    found = [*earlier.records(reports, target)]
    if not found:
        raise UsageError(
            f"no run over {target} was begun on this machine",
            hint="rollback fleet status asks every host",
        )
    folder = next((each for each, one in found if not is_over(each, one)), found[0][0])
    PROGRESS.current = "watches; Ctrl-C ends that, and not the run"
    drawing = Drawing(in_place=TICKER.in_place)
    if not TICKER.in_place:
        TICKER.rest()
    record = found[0][1]
    try:
        while True:
            record = run_files.read(folder) or record
            over = is_over(folder, record)
            whole = drawing.in_place or over
            drawing.show([*grid(folder, record)] if whole else [told(folder, record)])
            if over:
                return record.code if record.finished else 1
            time.sleep(PACE)
    except KeyboardInterrupt:
        INTERRUPTS.ending()
        drawing.add(f"watched no longer; the run {record.run} goes on without you")
        return INTERRUPTED


def is_over(folder: Path, record: FleetRecord) -> bool:
    """Return whether nobody is at work on a run any more."""
    return bool(record.finished) or (earlier.has_ended(record) and not is_at_work(folder))


def grid(folder: Path, record: FleetRecord) -> Iterator[str]:
    """Yield a run in lines of at most 79 characters: failures first, then who is under way."""
    yield fitted(f"run {record.run} over {record.target} by {record.operator}: {where(record)}")
    heads = " ".join(f"{each[:MARK]:<{MARK}}" for each in PHASES)
    yield f"{'host':<{NAME}} {heads} state"
    listed = sorted(failures_first(record), key=lambda each: not each.is_under_way)
    listed.sort(key=lambda each: not (each.drained or each.outcome in BAD))
    room = max(1, shutil.get_terminal_size(USUAL).lines - KEPT)
    shown = listed if len(listed) <= room else listed[: room - 1]
    for host in shown:
        yield row(folder, record, host)
    if len(listed) > len(shown):
        yield fitted(f"and {len(listed) - len(shown)} more: {counted(record, listed[room - 1 :])}")
    yield fitted(record.sentence or counted(record, record.hosts))


def where(record: FleetRecord) -> str:
    """Return how far a run is."""
    if record.finished:
        return "over"
    return f"batch {record.begun} of {record.batches}" if record.begun else "asks the hosts"


def row(folder: Path, record: FleetRecord, host: HostRecord) -> str:
    """Return one host: a mark for each phase, and what is with it."""
    reached = phases(folder / run_files.place(record, host.name))
    last = next(reversed(reached), "")
    at_end = "!!" if host.outcome in BAD else ".." if host.is_under_way else "ok"
    marks = (at_end if each == last else "ok" if each in reached else "-" for each in PHASES)
    cells = " ".join(f"{each:<{MARK}}" for each in marks)
    return f"{cut(host.name, NAME)} {cells} {cut(state(record, host, last), STATE)}".rstrip()


def state(record: FleetRecord, host: HostRecord, phase: str) -> str:
    """Return what is with a host, in a few words."""
    if host.drained:
        return f"{host.outcome.value}, out of service"
    if host.is_under_way:
        return f"{since(host.begun)} {phase or 'begins'}"
    if host.isolated and host.outcome is HostOutcome.NEVER_BEGUN:
        return "stopped"
    if host.is_out:
        out = "comes back" if host.outcome in BACK else "leaves service"
        return out if host.outcome in BACK or host.outcome is HostOutcome.NEVER_BEGUN else "out"
    return word(record, host)


def phases(folder: Path) -> dict[str, float]:
    """Return the phases that the rollback of a host has reached, in their order."""
    found = sorted(folder.glob(f"reports/*/{TIMELINE}"))
    events: Sequence[Event] = ()
    if found:
        try:
            events = signoffs.events(found[-1].parent)
        except RollbackError:
            return {}
    decided = first(Decided, events)
    if decided is None:
        return {}
    return begun((each for each in events if each.offset >= decided.offset), decided.offset)


def told(folder: Path, record: FleetRecord) -> str:
    """Return a run in one line, for a pipe: who is under way in which phase."""
    busy = []
    for each in record.hosts:
        if each.is_under_way:
            reached = phases(folder / run_files.place(record, each.name))
            busy.append(f"{each.name} {next(reversed(reached), 'begins')}")
    words = "; ".join(filter(None, [", ".join(busy), counted(record, record.hosts)]))
    return f"{since(record.started)} {where(record)}: {words}"


def counted(record: FleetRecord, hosts: Sequence[HostRecord]) -> str:
    """Return how many hosts ended how."""
    found: dict[str, int] = {}
    for each in hosts:
        kind = "under way" if each.is_under_way else word(record, each)
        found[kind] = found.get(kind, 0) + 1
    return ", ".join(f"{number} {kind}" for kind, number in found.items())


def since(moment: str) -> str:
    """Return how long ago a time of day was that a record has."""
    try:
        passed = dt.datetime.now(dt.UTC) - dt.datetime.fromisoformat(moment)
    except (ValueError, TypeError):
        return clock(0.0)
    return clock(passed.total_seconds())


def fitted(text: str) -> str:
    """Return a line that no terminal of 80 columns breaks."""
    return cut(plain(text), USUAL[0] - 1).rstrip()
