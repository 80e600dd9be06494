"""Changes a report after its run: people tick items, and the folder is sealed again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

from pytest_rollback.criteria import Outcome
from pytest_rollback.evidence import seal, signoffs
from pytest_rollback.evidence.events import (
    Acknowledged,
    Event,
    ItemTicked,
    ItemWithdrawn,
    kind_of,
)
from pytest_rollback.evidence.json_data import Json, dump
from pytest_rollback.extras.incident.checklist import checklist
from pytest_rollback.report import rebuild
from pytest_rollback.report.amend import data_of, noted, rewrite
from pytest_rollback.report.html.checklist import checklists
from pytest_rollback.report.html.page import fill
from pytest_rollback.report.html.presenter import Presenter
from pytest_rollback.run.run_record import ChecklistEntry, salvaged


def outcomes(data: dict[str, Json] | None) -> list[Outcome]:
    """Return how the criteria of a record ended, as far as it can be read."""
    rows = salvaged(data).criteria if data else ()
    return [
        Outcome(each.id, each.component, each.outcome, "", 0.0)
        for each in rows
        if each.id and each.outcome
    ]


def items(folder: Path, now: dt.datetime | None = None) -> list[ChecklistEntry]:
    """Return the checklist of a run as it is now."""
    data, events = data_of(folder), signoffs.events(folder)
    earlier = signoffs.before(folder, signoffs.incident_of(folder))
    now = now or dt.datetime.now(dt.UTC)
    ended = outcomes(data) or [*rebuild.outcomes(events)]
    mine = checklist(ended, [*earlier, *events], now=now)
    theirs = checklist(beside(folder), [], now=now)
    # What this run did not look at, another one of the same incident may have done.
    return [
        other if not own.by and other.state == "done" else own
        for own, other in zip(mine, theirs, strict=True)
    ]


def beside(folder: Path) -> list[Outcome]:
    """Return how criteria ended in the other runs of the same incident; the last one counts."""
    found: list[Outcome] = []
    for each in signoffs.siblings(folder):
        found += rebuild.outcomes(signoffs.events(each))
    return list({(one.identity, one.component): one for one in found}.values())


def amend(folder: Path, event: Event) -> None:
    """Append a person's event to a run's timeline; a finished report and its seal are updated.

    Raises:
        UsageError: the run cannot be read.
        OSError: its folder cannot be written.
    """
    written = noted(folder, event)
    if data_of(folder) is not None:
        listed = items(folder)
        rewrite(
            folder,
            {"checklist": [dump(each) for each in listed]},
            {seal.CHECKLIST: rendered(listed)},
        )
        seal.close(folder, f"{kind_of(written)}: {about(written)}")


def about(event: Event) -> str:
    """Return what an event is about: an item of the checklist, or who acknowledged."""
    if isinstance(event, (ItemTicked, ItemWithdrawn)):
        return event.item or event.by
    return event.by if isinstance(event, Acknowledged) else ""


def rendered(listed: Sequence[ChecklistEntry]) -> str:
    """Return the page's section of a checklist."""
    return fill("checklist.html", checklists=checklists(listed, Presenter(str))) + "\n"
