"""What earlier runs of this controller have left out of service, by their records.

It says who took a host out, and nothing about the host: whether it is out now says the balancer,
and which release it has says the host.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pytest_rollback.errors import LockHeld
from pytest_rollback.extras.fleet import run_files
from pytest_rollback.extras.fleet.balancing.balancer import Balancer
from pytest_rollback.extras.fleet.balancing.guard import KILLED, is_at_work
from pytest_rollback.extras.fleet.record import FleetRecord
from pytest_rollback.recovery.lock_holder import is_gone


def records(reports: Path, target: str) -> Iterator[tuple[Path, FleetRecord]]:
    """Yield the folders and records of the runs over a fleet, the latest first."""
    found = []
    for path in reports.glob(f"*/{run_files.DATA}"):
        record = run_files.read(path.parent)
        if record and record.target == target:
            found.append((path.parent, record))
    yield from sorted(found, key=lambda each: (each[1].started, each[0].name), reverse=True)


def has_ended(record: FleetRecord) -> bool:
    """Return whether nobody is at work on a run any more; True where its process is unknown."""
    return bool(record.finished) or record.process is None or is_gone(record.process)


def refuse_others(reports: Path, target: str) -> None:
    """Refuse to begin while another run of this controller, or its guard, is at work.

    Raises:
        LockHeld: one is.
    """
    for folder, record in records(reports, target):
        if is_at_work(folder):
            killed = f"{KILLED}, and its guard" if has_ended(record) else "it"
            raise LockHeld(
                f"run {record.run} by {record.operator} holds the fleet: {killed} is at work",
                hint=f"wait for it, see {folder / run_files.DATA}",
            )


def left_out(reports: Path, target: str) -> dict[str, FleetRecord]:
    """Return the hosts that runs which ended have taken out and not brought back.

    Each has the run that did; one that a later run has brought back is not among them.
    """
    back: dict[str, str] = {}
    found: dict[str, FleetRecord] = {}
    for _, record in records(reports, target):
        for host in record.hosts:
            back[host.name] = max(back.get(host.name, ""), host.back)
            newer = host.name in found or back[host.name] >= (host.out or "~")
            if host.is_out and not newer and has_ended(record):
                found[host.name] = record
    return found


def still_out(reports: Path, target: str, balancer: Balancer | None) -> Iterator[str]:
    """Yield, for people, who is out of service by a run that ended, and which run is at work.

    Raises:
        Refused: the balancer does not say who serves.
    """
    for folder, record in records(reports, target):
        if is_at_work(folder):
            who = f"{KILLED}; its guard" if has_ended(record) else f"{record.operator}"
            yield f"run {record.run} is under way: {who} is at work"
    left = left_out(reports, target)
    if not left or balancer is None:
        return
    told = balancer.out()
    serving = balancer.serving() if balancer.tells else frozenset()
    for name, record in left.items():
        if name not in serving:
            word = f" ({told[name]})" if name in told else ""
            yield f"{name} is out of service{word}: run {record.run}, which ended, left it so"
