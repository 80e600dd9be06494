"""Runs on this host: begun, gone on with by whoever comes after a dead one, ended, and listed."""

from __future__ import annotations

import hashlib
import os
from typing import Any, Optional

from . import lease as leases
from .lease import Lease
from .problem import Problem
from .record import NAME as RECORD
from .working import locked, working

OPEN = (None, "failed", "interrupted")
ENDS = ("recovered", "failed", "interrupted")


def begin(question: dict[str, Any]) -> dict[str, Any]:
    """Take the host for a run, or go on with an unfinished one of the same scope and backup set.

    Returns:
        `run`, the id to journal under; `adopted`, whether it is an earlier one's, and then `since`
        and `by`, who began it and when.

    Raises:
        Problem: kind `held`, the holder of a run is alive.
    """
    state = question["state"]
    with locked(state):
        wanted = asked(question)
        known = leases.every(state)
        for other in known:
            if other.is_alive and not same_holder(other, wanted):
                raise other.held()
        found = unfinished(known, wanted)
        mine = wanted if found is None else wanted._replace(run=found.run, since=found.since)
        leases.made(state, mine.run)
        leases.write(state, mine)
    if found is None or found.run == wanted.run:
        return {"run": mine.run, "adopted": False}
    return {"run": found.run, "adopted": True, "since": found.since, "by": found.by}


def asked(question: dict[str, Any]) -> Lease:
    """Return the lease that a question wants."""
    leases.folder(question["state"], question["run"])
    return Lease(
        run=question["run"],
        by=question["by"],
        host=question["host"],
        pid=int(question["pid"]),
        pid_started=float(question["pid_started"]),
        target=question["target"],
        only=sorted(question["only"]),
        record=record_of(question["state"]),
        since=leases.now(),
    )


def record_of(state: str) -> str:
    """Return the digest of the backup set's record, "" where there is none."""
    try:
        with open(os.path.join(state, RECORD), "rb") as file:
            return hashlib.sha256(file.read()).hexdigest()
    except OSError:
        return ""


def same_holder(one: Lease, other: Lease) -> bool:
    """Tell whether two leases are of one process."""
    return (one.host, one.pid, one.pid_started) == (other.host, other.pid, other.pid_started)


def unfinished(known: list[Lease], wanted: Lease) -> Optional[Lease]:
    """Return the latest run with the scope and backup set that are wanted, unless it is over."""
    about = (wanted.target, wanted.only, wanted.record)
    alike = [each for each in known if (each.target, each.only, each.record) == about]
    return alike[-1] if alike and alike[-1].outcome in OPEN else None


def note(question: dict[str, Any]) -> dict[str, Any]:
    """Write facts into the journal of a run: `what`, a word, and `facts`, any JSON."""
    with working(question) as work:
        work.journal.add("note", what=question["what"], facts=question.get("facts", {}))
    return {"noted": question["what"]}


def end(question: dict[str, Any]) -> dict[str, Any]:
    """Let go of the host: the run ended as `outcome` says. One that was undone stays so."""
    if question["outcome"] not in ENDS:
        raise Problem(f"{question['outcome']!r} is no end of a run", f"choose among {ENDS}")
    with locked(question["state"]):
        return {"outcome": closed(question["state"], question["run"], question["outcome"])}


def closed(state: str, run: str, outcome: str) -> str:
    """Write the outcome into a run's lease and return the one that holds; for lock holders."""
    lease = leases.read(state, run)
    if lease is None:
        raise Problem(
            f"there is no run {run} in {state}", "'rollback status' lists those there are"
        )
    if lease.outcome == "undone":
        return lease.outcome
    leases.write(state, lease._replace(outcome=outcome, ended=leases.now()))
    return outcome


def look(question: dict[str, Any]) -> list[dict[str, Any]]:
    """Return all runs, the oldest first.

    `state` is held (its holder is alive), open (the same command goes on with it) or over.
    """
    return [
        {
            "id": lease.run,
            "by": lease.by,
            "when": lease.since,
            "ended": lease.ended,
            "outcome": lease.outcome,
            "state": condition(lease),
            "target": lease.target,
            "only": lease.only,
            "host": lease.host,
            "pid": lease.pid,
        }
        for lease in leases.every(question["state"])
    ]


def condition(lease: Lease) -> str:
    """Return how a run is: held, open or over."""
    if lease.is_alive:
        return "held"
    return "open" if lease.outcome in OPEN else "over"


def undone(state: str, run: str) -> None:
    """Say that a run was undone: nobody goes on with it. For lock holders."""
    lease = leases.read(state, run)
    if lease is not None:
        leases.write(state, lease._replace(outcome="undone", ended=leases.now()))
