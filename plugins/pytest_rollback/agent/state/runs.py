"""Runs on this host: begun, gone on with by whoever comes after a dead one, ended, and listed."""

from __future__ import annotations

import contextlib
import hashlib
import os
from typing import Any, Optional

from ..errors import HostError
from . import lease as leases
from . import progress, reserved_space
from .backup_set import NAME as RECORD
from .journal import entries
from .lease import Lease
from .lock import CHANGES, locked, opened, working

OPEN = (None, "failed", "inconclusive", "interrupted")
ENDS = ("recovered", "isolated", "partial", *OPEN[1:])
BEGUN = ("run", "by", "host", "pid", "pid_started", "target", "only", "record", "since")
PLACE = ("boot", "space")
"""What older journals do not say of who began a run."""


def begin(question: dict[str, Any]) -> dict[str, Any]:
    """Take the host for a run, or go on with an unfinished one of the same scope and backup set.

    `gone` are holders, as leases have them, that were seen to be dead where they ran: these very
    ones hold nobody up.

    Returns:
        `run`, the id to journal under; `adopted`, whether it is an earlier one's, and then `since`
        and `by`, who began it and when.

    Raises:
        HostError: kind `held`, the holder of a run is alive.
    """
    state = question["state"]
    with locked(state):
        wanted = asked(question)
        known = leases.every(state)
        for other in known:
            if other.is_alive and other.holder not in [wanted.holder, *question.get("gone", ())]:
                raise other.held()
        found = unfinished(known, wanted)
        mine = wanted if found is None else wanted._replace(run=found.run, since=found.since)
        reserved_space.keep(state)
        home = leases.made(state, mine.run)
        _begun(home, mine, adopted=found is not None)
        leases.write(state, mine)
    if found is None or found.run == wanted.run:
        return {"run": mine.run, "adopted": False}
    return {"run": found.run, "adopted": True, "since": found.since, "by": found.by}


def _begun(home: str, lease: Lease, *, adopted: bool) -> None:
    """Write down who begins a run or goes on with it.

    Raises:
        HostError: somebody began to undo it.
    """
    journal = opened(home, CHANGES)
    try:
        if progress.undoing(journal.entries) == "begun":
            raise HostError(
                f"run {lease.run} is half undone",
                f"finish that: scripts/rollback --undo {lease.run}",
            )
        facts = {key: value for key, value in lease._asdict().items() if key in BEGUN + PLACE}
        journal.add("begun", **facts, adopted=adopted)
    finally:
        journal.close()


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
        boot=question.get("boot", ""),
        space=question.get("space", ""),
    )


def record_of(state: str) -> str:
    """Return the digest of the backup set's record, "" where there is none."""
    try:
        with open(os.path.join(state, RECORD), "rb") as file:
            return hashlib.sha256(file.read()).hexdigest()
    except OSError:
        return ""


def unfinished(known: list[Lease], wanted: Lease) -> Optional[Lease]:
    """Return the latest run with the scope and backup set that are wanted, unless it is over."""
    about = (wanted.target, wanted.only, wanted.record)
    alike = [each for each in known if (each.target, each.only, each.record) == about]
    return alike[-1] if alike and alike[-1].outcome in OPEN else None


def note(question: dict[str, Any]) -> dict[str, Any]:
    """Write facts into the journal of a run: `what`, a word, and `facts`, any JSON."""
    with working(question, back=True) as work:
        work.journal.add("note", what=question["what"], facts=question.get("facts", {}))
    return {"noted": question["what"]}


def end(question: dict[str, Any]) -> dict[str, Any]:
    """Let go of the host: the run ended as `outcome` says. One that was undone stays so."""
    if question["outcome"] not in ENDS:
        raise HostError(f"{question['outcome']!r} is no end of a run", f"choose among {ENDS}")
    with locked(question["state"]):
        return {"outcome": closed(question["state"], question["run"], question["outcome"])}


def closed(state: str, run: str, outcome: str) -> str:
    """Write the outcome into a run's lease and return the one that holds; for lock holders."""
    lease = leases.read(state, run)
    if lease is None:
        raise HostError(
            f"there is no run {run} in {state}", "'rollback status' lists those there are"
        )
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


def look(question: dict[str, Any]) -> list[dict[str, Any]]:
    """Return all runs, the oldest first; `run` asks for one of them only.

    `state` is held (its holder is alive), open (the same command goes on with it) or over. How far
    it has come is told as `progress.look` does, from its journals alone; where the lease is lost,
    everything else is told from them as well.
    """
    state, wanted = question["state"], question.get("run")
    found = [lease for name in leases.names(state) for lease in [_known(state, name)] if lease]
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
            "holder": lease.holder,
            **progress.look(leases.folder(state, lease.run)),
        }
        for lease in sorted(found, key=lambda lease: lease.since)
        if wanted in {None, "", lease.run}
    ]


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


def undone(state: str, run: str) -> None:
    """Say that a run was undone: nobody goes on with it. For lock holders."""
    lease = leases.read(state, run)
    if lease is not None:
        leases.write(state, lease._replace(outcome="undone", ended=leases.now()))
