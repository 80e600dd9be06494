"""Runs on this host: begin, adoption of an unfinished run, end, and the list of all runs."""

from __future__ import annotations

import os
from typing import Optional

from ..errors import HostError
from ..messages.location import ChangeTime, Location
from ..messages.state.runs import (
    BeginRequest,
    EndRequest,
    NoteRequest,
    RunBegun,
    RunEnded,
    Runs,
    RunsRequest,
    RunState,
)
from . import directory as places
from . import last_sign, own_names, progress, reserved_space, unfinished
from . import lease as leases
from .lease import Lease
from .lock import CHANGES, locked, opened, working
from .unfinished import OPEN

ENDS = ("recovered", "isolated", "partial", *OPEN[1:])
BEGUN = ("run", "by", "host", "pid", "pid_started", "target", "only", "record", "since")
PLACE = ("boot", "space", "number", "root", "units", "within")
"""What older journals do not say of who began a run, in which order, and where."""

record_of = places.record_of


def begin(request: BeginRequest) -> RunBegun:
    """Take the host for a run, or go on with an unfinished one of the same scope and backup set.

    Raises:
        HostError: kind `held`, the holder of a run is alive, or another state directory has an
            unfinished one; or the one to go on with has changed something below another root.
    """
    state, wanted = request.state, wanted_lease(request)
    about = unfinished.subject(request.root, request.within, wanted.units)
    with locked(state), unfinished.leading(state, about):
        known = leases.every(state)
        ours = (wanted.holder, *request.gone)
        for other in known:
            if other.is_alive and other.holder not in ours:
                raise other.held()
        unfinished.refuse_elsewhere(state, about, ours)
        found = latest_unfinished(known, wanted)
        if found and progress.has_changed(leases.folder(state, found.run)):
            found.refuse(request.root, None)
        lost = "" if found or not request.root else _lost(request, known)
        if lost:
            found = wanted._replace(run=lost)
        mine = wanted._replace(number=1 + max((each.number for each in known), default=0))
        if found is not None:
            mine = mine._replace(run=found.run, since=found.since, number=found.number)
        reserved_space.keep(state)
        home = leases.made(state, mine.run)
        _begun(home, mine, adopted=found is not None)
        leases.write(state, mine)
        last_sign.note(home)
    if found is None or found.run == wanted.run:
        return RunBegun(mine.run, adopted=False)
    changed = bool(lost) or progress.has_changed(leases.folder(state, found.run))
    return RunBegun(found.run, adopted=True, since=found.since, by=found.by, changed=changed)


def _lost(request: BeginRequest, known: list[Lease]) -> str:
    """Return the latest run that the tree knows, and the state directory does not; "" for none."""
    names = {each.run for each in known}
    place = Location(request.root, request.state, "", within=request.within)
    return max(own_names.strangers(place, names), default="")


def _begun(home: str, lease: Lease, *, adopted: bool) -> None:
    """Record who begins or resumes a run.

    Raises:
        HostError: somebody began to undo it.
    """
    journal = opened(home, CHANGES)
    try:
        if progress.undoing(journal.entries) == "begun":
            raise HostError(
                f"run {lease.run} is partly undone",
                f"finish the undo: rollback undo {lease.run}",
            )
        facts = {key: value for key, value in lease._asdict().items() if key in BEGUN + PLACE}
        journal.add("begun", **facts, adopted=adopted)
    finally:
        journal.close()


def wanted_lease(request: BeginRequest) -> Lease:
    """Return the lease that a request wants."""
    leases.folder(request.state, request.run)
    return Lease(
        run=request.run,
        by=request.by,
        target=request.target,
        only=sorted(request.only),
        record=record_of(request.state),
        since=leases.now(),
        root=request.root and os.path.realpath(request.root),
        units=request.units,
        within=request.within,
        **request.holder._asdict(),
    )


def latest_unfinished(known: list[Lease], wanted: Lease) -> Optional[Lease]:
    """Return the latest run with the scope and backup set that are wanted, unless it is over."""
    about = (wanted.target, wanted.only, wanted.record)
    alike = [each for each in known if (each.target, each.only, each.record) == about]
    return alike[-1] if alike and alike[-1].outcome in OPEN else None


def note(request: NoteRequest) -> ChangeTime:
    """Write facts into the journal of a run."""
    with working(request.location, back=True) as work:
        work.journal.add("note", what=request.what, facts=request.facts)
    return ChangeTime()


def end(request: EndRequest) -> RunEnded:
    """Let go of the host: the run ended as `outcome` says. One that was undone stays so."""
    if request.outcome not in ENDS:
        raise HostError(f"{request.outcome!r} is not an outcome of a run", f"choose one of {ENDS}")
    with locked(request.state):
        _refuse_other(request)
        return RunEnded(closed(request.state, request.run, request.outcome))


def _refuse_other(request: EndRequest) -> None:
    """Refuse the end by somebody who was taken for dead, and gone on without."""
    lease = leases.read(request.state, request.run)
    if lease:
        lease.refuse("", request.holder)


def closed(state: str, run: str, outcome: str) -> str:
    """Write the outcome into a run's lease and return the one that holds; for lock holders."""
    lease = leases.read(state, run)
    if lease is None:
        raise HostError(f"there is no run {run} in {state}", "'rollback status' lists all runs")
    if lease.outcome == "undone":
        return lease.outcome
    _ended(state, run, outcome)
    leases.write(state, lease._replace(outcome=outcome, ended=leases.now()))
    return outcome


def _ended(state: str, run: str, outcome: str) -> None:
    journal = opened(leases.folder(state, run), CHANGES)
    try:
        journal.add("ended", outcome=outcome, when=leases.now())
    finally:
        journal.close()


def look(request: RunsRequest) -> Runs:
    """Return all runs in their order, or the one that is asked for.

    How far a run has come is told by its journals alone; if its lease is lost, so is all else.
    """
    state = request.state
    found = [each for each in leases.every(state) if request.run in {"", each.run}]
    return Runs(tuple(described(state, lease) for lease in found))


def described(state: str, lease: Lease) -> RunState:
    """Return the run of a lease, and how far it has come."""
    return RunState(
        id=lease.run,
        by=lease.by,
        when=lease.since,
        ended=lease.ended,
        outcome=lease.outcome,
        state=condition(lease),
        target=lease.target,
        only=tuple(lease.only),
        holder=lease.holder,
        progress=progress.look(leases.folder(state, lease.run)),
    )


def condition(lease: Lease) -> str:
    """Return how a run is: held, open or over."""
    if lease.is_alive:
        return "held"
    return "open" if lease.outcome in OPEN else "over"
