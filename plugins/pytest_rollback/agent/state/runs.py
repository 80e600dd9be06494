"""Runs on this host: begin, adoption of an unfinished run, end, and the list of all runs."""

from __future__ import annotations

import contextlib
import os
from typing import Any, Optional

from ..errors import HostError
from ..messages.location import ChangeTime
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
from . import lease as leases
from . import progress, reserved_space
from .journal import entries
from .lease import Lease
from .lock import CHANGES, locked, opened, working

OPEN = (None, "failed", "inconclusive", "interrupted")
ENDS = ("recovered", "isolated", "partial", *OPEN[1:])
BEGUN = ("run", "by", "host", "pid", "pid_started", "target", "only", "record", "since")
PLACE = ("boot", "space")
"""What older journals do not say of who began a run."""

record_of = places.record_of


def begin(request: BeginRequest) -> RunBegun:
    """Take the host for a run, or go on with an unfinished one of the same scope and backup set.

    Raises:
        HostError: kind `held`, the holder of a run is alive.
    """
    state = request.state
    with locked(state):
        wanted = wanted_lease(request)
        known = leases.every(state)
        for other in known:
            if other.is_alive and other.holder not in (wanted.holder, *request.gone):
                raise other.held()
        found = unfinished(known, wanted)
        mine = wanted if found is None else wanted._replace(run=found.run, since=found.since)
        reserved_space.keep(state)
        home = leases.made(state, mine.run)
        _begun(home, mine, adopted=found is not None)
        leases.write(state, mine)
    if found is None or found.run == wanted.run:
        return RunBegun(mine.run, adopted=False)
    changed = progress.has_changed(leases.folder(state, found.run))
    return RunBegun(found.run, adopted=True, since=found.since, by=found.by, changed=changed)


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
                f"finish the undo: scripts/rollback --undo {lease.run}",
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
        **request.holder._asdict(),
    )


def unfinished(known: list[Lease], wanted: Lease) -> Optional[Lease]:
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
        return RunEnded(closed(request.state, request.run, request.outcome))


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
    """Return all runs, the oldest first, or the one that is asked for.

    How far a run has come is told by its journals alone; if its lease is lost, so is all else.
    """
    state = request.state
    found = [lease for name in leases.names(state) for lease in [_known(state, name)] if lease]
    return Runs(
        tuple(
            described(state, lease)
            for lease in sorted(found, key=lambda lease: lease.since)
            if request.run in {"", lease.run}
        )
    )


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


def _known(state: str, run: str) -> Optional[Lease]:
    """Return the lease of a run, or what its journal says of it, or None."""
    lease = leases.read(state, run)
    if lease is not None:
        return lease
    with contextlib.suppress(HostError, OSError):
        written = entries(os.path.join(leases.folder(state, run), CHANGES))
        begun = [each for each in written if each["event"] == "begun"]
        ended = [each for each in written if each["event"] == "ended"]
        if begun:
            return Lease(
                **{key: begun[-1][key] for key in BEGUN},
                **{key: begun[-1].get(key, "") for key in PLACE},
                outcome="undone"
                if progress.undoing(written) == "done"
                else _last(ended, "outcome"),
                ended=_last(ended, "when"),
            )
    return None


def _last(entries: list[dict[str, Any]], key: str) -> Optional[str]:
    return str(entries[-1][key]) if entries else None


def condition(lease: Lease) -> str:
    """Return how a run is: held, open or over."""
    if lease.is_alive:
        return "held"
    return "open" if lease.outcome in OPEN else "over"
