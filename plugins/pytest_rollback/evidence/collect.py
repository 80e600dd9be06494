"""What a run left on its host, brought into the folder of its report; and a killed run made whole.

Journals stay as they are, so that their chain of hashes can be verified by whoever has the folder.
Everything else is redacted once more before it is written.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from pytest_rollback.agent.messages.location import Location
from pytest_rollback.agent.messages.rollback.export import EXPORT, Export, ExportRequest
from pytest_rollback.agent.messages.rollback.snapshot import LoggedComponent
from pytest_rollback.evidence.events import Decided, Event, HostTaken, Planned, first
from pytest_rollback.evidence.redaction import Redactor
from pytest_rollback.evidence.run_folder import write_private
from pytest_rollback.evidence.seal import HOST, JOURNALS, combined, heads
from pytest_rollback.manifest.model import System
from pytest_rollback.transport.call import Call
from pytest_rollback.transport.connection import Connection

PLAN = "plan.txt"
BEFORE = 900.0
"""Seconds before the decision that belong to the incident."""

AFTER = 300.0
"""Seconds after the last event that do."""

DEADLINE = 60.0


@dataclass(frozen=True)
class CollectedEvidence:
    """What was brought from the host of a run.

    Args:
        journal: one hash for all journals; "" where there is none.
        heads: the last hash of each journal, by its name.
        missing, withheld: what could not be had, and what was left there because it is secret.
    """

    journal: str = ""
    heads: Mapping[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    withheld: tuple[str, ...] = ()


def export(system: System, run: str, events: Iterable[Event]) -> Call[ExportRequest, Export]:
    """Return the call that asks the host for what a run left there."""
    since, until = window(events)
    about = system.about
    request = ExportRequest(
        location=Location(about.root, about.state, about.suffix, run, within=about.within),
        components=tuple(LoggedComponent(c.name, c.unit, c.log) for c in system.components),
        secrets=tuple(path + end for path in about.secrets for end in ("", about.suffix)),
        since=since,
        until=until,
        socket=system.services.reached or "",
    )
    return Call(EXPORT, request, DEADLINE)


def window(events: Iterable[Event]) -> tuple[float, float]:
    """Return begin and end of the incident, in seconds since the epoch."""
    told = list(events)
    found = [each.moment for each in told if each.moment]
    decided = first(Decided, told)
    begin = decided.moment if decided else min(found, default=None)
    now = dt.datetime.now(dt.UTC)
    return (begin or now).timestamp() - BEFORE, max(found, default=now).timestamp() + AFTER


def run_of(events: Iterable[Event]) -> str | None:
    """Return the id under which the host knows the run; None where it was never taken."""
    found = [each.run for each in events if isinstance(each, HostTaken)]
    return found[-1] if found else None


def collect(
    connection: Connection,
    folder: Path,
    run: str,
    events: Iterable[Event],
    redactor: Redactor,
) -> CollectedEvidence:
    """Bring what the host has of a run into its folder.

    Raises:
        RollbackError: the host does not answer.
        OSError: the folder cannot be written.
    """
    found = connection.ask(export(connection.system, run, events))
    for name, text in found.journals.items():
        put(folder, f"{JOURNALS}/{name}", text)
    for name, text in found.snapshot.items():
        put(folder, f"{HOST}/snapshot/{name}", redactor.text(text))
    for name, text in found.logs.items():
        put(folder, f"{HOST}/logs/{name}.log", redactor.text(text))
    last = heads(found.journals)
    return CollectedEvidence(combined(last), last, found.missing, found.withheld)


def put(folder: Path, name: str, text: str) -> None:
    """Write one text below a folder, wherever its name would lead."""
    parts = [part for part in PurePosixPath(name).parts if part not in {"/", "..", "."}]
    path = folder.joinpath(*parts)
    path.parent.mkdir(0o700, parents=True, exist_ok=True)
    write_private(path, text.encode("utf-8", "backslashreplace").decode("utf-8"))


def plan(folder: Path, events: Iterable[Event]) -> None:
    """Write the plan that was made before the first change, as it was shown."""
    planned = first(Planned, events)
    if planned is not None:
        write_private(folder / PLAN, "".join(f"{line}\n" for line in planned.plan))
