"""What earlier runs of this controller have left out of service, by their records.

It says who took a host out, and nothing about the host: whether it is out now says the balancer,
and which release it has says the host.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pytest_rollback.extras.fleet import run_files
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
