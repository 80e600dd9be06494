"""The summary of a run in the terminal, at most 80 columns wide: phases, reasons, next commands."""

from __future__ import annotations

import contextlib
import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pytest_rollback.criteria import Outcome
from pytest_rollback.errors import PARTIAL, RollbackError
from pytest_rollback.evidence import seal as evidence_seal
from pytest_rollback.evidence.collect import run_of
from pytest_rollback.evidence.events import ChangeEnded
from pytest_rollback.evidence.run_folder import REPORT
from pytest_rollback.progress.screen import columns
from pytest_rollback.recovery.rehearsal import clock
from pytest_rollback.run.phases import PhaseRecord
from pytest_rollback.run.run import Run
from pytest_rollback.run.run_record import RecommendationRecord, RunRecord
from pytest_rollback.text.quantities import VERDICTS, count

MOST = 12
"""Findings of one reason that are shown here; the report has all of them."""

COLOURS = {"good": "green", "bad": "red", "doubt": "yellow", "note": "cyan"}
"""The colour of each kind of verdict, on a terminal that has colours."""


def colour(verdict: str) -> dict[str, Any]:
    """Return how pytest is told the colour of a verdict."""
    return {COLOURS[VERDICTS.get(verdict, "note")]: True, "bold": True}


def lines(run: Run, record: RunRecord) -> Iterator[str]:
    """Yield what the terminal shows below the verdict."""
    if run.demonstration:
        yield "a demonstration on the sandbox, not your system"
    if run.timeline.decided is not None:
        yield from ("", *table(record.phases))
        yield from users(record)
        yield from data(record)
    yield ""
    if record.advice is not None:
        for line in recommended(record.advice):
            yield from [line] if line.startswith("now: ") else hung(line)
        yield ""
    for reasons in grouped(run.reasons):
        yield from paragraph(reasons)
    for each in run.outcomes:
        if each.outcome in {"waived", "advisory"}:
            yield from paragraph([each])
    yield from (line for line in hung(run.completeness().left) if line)
    yield from beside(run)
    for note in run.notes:
        yield from wrapped(note, "")
    yield from ending(run)


def beside(run: Run) -> Iterator[str]:
    """Yield what does not apply to this system, or to some of its components, with the key."""
    about: dict[tuple[str, str], list[str]] = {}
    for each in run.collection.beside:
        about.setdefault((each.identity, each.key), []).extend([each.about] if each.about else [])
    found = [
        " ".join(filter(None, (identity, f"[{', '.join(names)}]" if names else "", f"({key})")))
        for (identity, key), names in about.items()
    ]
    more = f" and {len(found) - MOST:,} more, see the report" if len(found) > MOST else ""
    if found:
        yield from hung(f"not applicable: {', '.join(found[:MOST])}{more}")


def recommended(said: RecommendationRecord) -> Iterator[str]:
    """Yield a recommendation with every rule that fired, gravest first, and what to do now."""
    for rule in said.rules:
        where = f" [{rule.component}]" if rule.component else ""
        yield f"{rule.calls_for}: {rule.id}{where}"
        yield f"  measured: {rule.measured}; threshold: {rule.threshold}"
        if rule.note:
            yield f"  note: {rule.note}"
    if not said.rules:
        yield "no rule fired"
    yield from said.notes
    yield ""
    yield from (f"now: {step}" for step in said.steps)


def ending(run: Run) -> Iterator[str]:
    """Yield where the report lies, and how to go on with a rollback that is not finished."""
    if (run.folder / REPORT).is_file():
        yield f"report: {run.folder / REPORT}"
    yield from map(run.next_steps.completed, (*sealed(run.folder), *following(run)))


def following(run: Run) -> Iterator[str]:
    """Yield the commands that come next, as they have to be typed."""
    begun = run.timeline.decided is not None
    if run.exit_code == PARTIAL:
        yield f"for a verdict: {run.whole}"
    good = run.judgement.good
    if run.isolates and (good or run.exit_code == PARTIAL):
        yield from isolated(run)
    elif begun and not good and run.exit_code != PARTIAL:
        gone = "the sandbox of this session was removed: there is nothing to resume"
        yield gone if run.fleeting else f"to resume: {run.resume}"
        yield from undo(run)
        yield from run.extras.following(run)
    elif run.interrupted:
        yield f"next: {run.resume}"
    elif run.fleeting or run.asked.dry or run.exit_code or not run.outcomes:
        return
    elif run.suites & {"drill", "validate"}:
        yield f"next: {run.next_steps.rollback('monitor')}"
    elif "monitor" in run.suites:
        yield "next: rollback report postmortem, then the open items of rollback checklist"


def undo(run: Run) -> Iterator[str]:
    """Yield how to take back what a rollback has changed, and what that would bring back."""
    events = run.timeline.events
    changed = any(isinstance(each, ChangeEnded) and each.phase != "prepare" for each in events)
    taken = run_of(events)
    if changed and taken and not run.fleeting:
        failed = (run.backups.get("current") or {}).get("name") or "the failed release"
        way = run.next_steps.rollback("undo", taken) + run.back.options
        no = f"the run cannot be undone: {run.back.refused}"
        yield no if run.back.refused else f"to undo, which brings {failed} back: {way}"


def isolated(run: Run) -> Iterator[str]:
    """Yield what an isolation leaves: which units stay down, and the next commands."""
    units = ", ".join(component.unit for component in run.components)
    yield f"stopped until started by hand or rolled back: {units}"
    yield f"next: {run.next_steps.rollback('triage')}"
    yield f"or roll back: {run.next_steps.rollback('now')}"


def sealed(folder: Path) -> Iterator[str]:
    """Yield the hash that the run's folder was sealed with, to be kept somewhere else."""
    with contextlib.suppress(RollbackError, OSError):
        for seal in evidence_seal.seals(folder)[:1]:
            yield f"sealed: {seal.hash[:16]}, see rollback report verify {folder.name}"


def table(phases: Iterable[PhaseRecord]) -> Iterator[str]:
    """Yield the phases against their budgets."""
    yield f"{'phase':<15}{'took':>8}{'budget':>9}{'changes':>9}  state"
    for phase in phases:
        took = "-" if phase.seconds is None else clock(phase.seconds)
        budget, changes = clock(phase.budget or 0.0), len(phase.changes)
        yield f"{phase.name:<15}{took:>8}{budget:>9}{changes:>9}  {phase.state}"


def users(record: RunRecord) -> Iterator[str]:
    """Yield how long users got errors and the maintenance page, where that was measured."""
    outage, page = record.outage_seconds, record.maintenance_seconds
    if outage is not None and page is not None:
        yield ""
        yield f"users got errors for {outage:.1f} s and the maintenance page for {page:.1f} s"


def data(record: RunRecord) -> Iterator[str]:
    """Yield what a rollback did to the database, and what users have lost by it."""
    if record.decided and record.data.sentence:
        yield from hung(record.data.sentence)


def grouped(reasons: list[Outcome]) -> list[list[Outcome]]:
    """Return the outcomes that say the same together."""
    found: dict[tuple[str, str, tuple[str, ...]], list[Outcome]] = {}
    for each in reasons:
        found.setdefault((each.message, each.hint, each.findings), []).append(each)
    return list(found.values())


def paragraph(same: list[Outcome]) -> Iterator[str]:
    """Yield one paragraph: the criteria, the message, the findings, the hint."""
    one = same[0]
    shown = [each for each in same if each.outcome != "not reached"] or same[:1]
    yield from (each.row for each in shown)
    if len(same) > len(shown):
        yield f"  (and {count(len(same) - len(shown), 'criterion', 'criteria')} not reached)"
    yield from wrapped(one.message, "  ")
    for finding in one.findings[:MOST]:
        yield from wrapped(f"- {finding}", "    ")
    if len(one.findings) > MOST:
        yield f"    … and {len(one.findings) - MOST:,} more, see the report"
    if one.hint:
        yield f"  HINT: {one.hint}"  # never wrapped: it is there to be copied
    yield ""


def hung(line: str) -> list[str]:
    """Return one line in lines that fit; those that go on stand below what they go on from."""
    indent = " " * (len(line) - len(line.lstrip()) + 2)
    return textwrap.wrap(line, columns(), subsequent_indent=indent, break_on_hyphens=False) or [""]


def wrapped(text: str, indent: str) -> Iterator[str]:
    """Yield a text in lines that fit, its own line ends kept; a hint is there to be copied."""
    for line in text.splitlines():
        if line.startswith("HINT: "):
            yield indent + line
            continue
        yield from textwrap.wrap(
            line, columns(), initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False
        ) or [""]
