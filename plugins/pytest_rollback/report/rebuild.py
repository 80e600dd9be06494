"""Completes a killed run's folder: the report from its timeline, the journals from the host."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from pytest_rollback.agent.errors import HostError
from pytest_rollback.agent.state import journal
from pytest_rollback.agent.system.masking.writings import MARK
from pytest_rollback.criteria import Outcome
from pytest_rollback.errors import Refused, RollbackError, UsageError
from pytest_rollback.evidence import collect, origin, signoffs
from pytest_rollback.evidence import seal as evidence_seal
from pytest_rollback.evidence.afterwards import afterwards
from pytest_rollback.evidence.events import (
    CriterionEnded,
    Decided,
    Event,
    PersonEvent,
    RunBegan,
    RunRebuilt,
    first,
)
from pytest_rollback.evidence.json_data import Json, dump
from pytest_rollback.evidence.redaction import Redactor, of_environment
from pytest_rollback.evidence.run_folder import DATA, REPORT, seal, write_private
from pytest_rollback.manifest.load import Loaded
from pytest_rollback.report import amend
from pytest_rollback.report.html import page as html_page
from pytest_rollback.run.extras import outside, place, usual
from pytest_rollback.run.record import RunFacts, record
from pytest_rollback.run.run_record import ManifestRecord, RunRecord, redacted
from pytest_rollback.transport.connection import Connection

KILLED = "the run was killed: the report was rebuilt from its timeline and the host's journal"


def manifest_of(folder: Path, named: str | None) -> Path:
    """Return the description of a run's system: the one that is named, or the usual one.

    A bundle may come from anybody. What it says was used is only compared with the usual one: it
    chooses neither which host is asked, nor whom messages go to, nor what is started.

    Raises:
        UsageError: the run was made with another one, which somebody has to name.
    """
    if named is not None:
        return place(named)
    found, began = Path(usual()), first(RunBegan, signoffs.events(folder))
    mine = (
        bool(began and began.manifest) and Path(str(began and began.manifest)) == found.absolute()
    )
    if not mine or not found.is_file() or found.resolve().is_relative_to(folder.resolve()):
        raise UsageError(
            f"which host {folder.name} is about, has to be said: it was not made with {found}, and "
            "what a bundle names is not used",
            hint="add --rollback-target=PATH, PATH being your rollback.toml of it, or sandbox",
        )
    return found


def rebuild(folder: Path, loaded: Loaded, connection: Connection) -> list[str]:
    """Write what a run could not: report, record, plan, journals, seal; return what is missing.

    Raises:
        Refused: the run is over, and has written them itself.
        OSError: the folder cannot be written.
    """
    demand_killed(folder)
    amend.noted(folder, RunRebuilt(signoffs.somebody()))
    events = signoffs.events(folder)
    redactor = Redactor(of_environment(os.environ))
    exported, notes = brought(connection, folder, events, redactor)
    collect.plan(folder, events)
    facts, became = known(folder, loaded, events, exported, notes), afterwards(events)
    whole = replace(record(facts), afterwards=tuple(each.sentence for each in became))
    made = redacted(whole, redactor.data)
    write_private(folder / REPORT, page(made))
    seal(folder, dump(made), redactor)
    evidence_seal.close(folder, "rebuilt after the run was killed")
    with contextlib.suppress(RollbackError):  # the host may be what is gone
        origin.kept(connection, folder)
    return [*notes, *exported.missing]


def demand_killed(folder: Path) -> None:
    """Check that a run could not write its report.

    Raises:
        Refused: it is there.
    """
    if (folder / DATA).exists():
        raise Refused(
            f"{folder} is complete: there is nothing to rebuild",
            hint=f"rollback report verify {folder.name}",
        )


def brought(
    connection: Connection, folder: Path, events: Sequence[Event], redactor: Redactor
) -> tuple[collect.CollectedEvidence, list[str]]:
    """Return what the host has of the run, and why it has nothing."""
    run = collect.run_of(events)
    if run is None:
        return collect.CollectedEvidence(), [
            "the run never locked the host, so that it changed nothing there"
        ]
    try:
        return collect.collect(connection, folder, run, events, redactor), []
    except RollbackError as error:
        return collect.CollectedEvidence(), [f"the host could not be asked: {error.message}"]


def known(
    folder: Path,
    loaded: Loaded,
    events: Sequence[Event],
    exported: collect.CollectedEvidence,
    notes: Iterable[str],
) -> RunFacts:
    """Return the facts of a killed run: what it had written down until then."""
    began = first(RunBegan, events) or RunBegan()
    own = [each for each in events if not isinstance(each, PersonEvent)]
    times = [each.moment for each in own if each.moment]
    decided = first(Decided, own)
    last = own[-1].offset if own else 0.0
    finished, ended = max(times, default=dt.datetime.now(dt.UTC)), [*outcomes(own)]
    people = [each for each in events if isinstance(each, PersonEvent)]
    return RunFacts(
        system=loaded.system,
        run=folder.name,
        operator=began.operator,
        verdict="NOT RECOVERED" if decided is not None else "INCONCLUSIVE",
        started=min(times, default=dt.datetime.now(dt.UTC)),
        finished=finished,
        outcomes=ended,
        events=own,
        checklist=outside().checklist(ended, [*people, *own], finished),
        incident=began.incident,
        elapsed=None if decided is None else last - decided.offset,
        demonstration=began.demonstration,
        resume=began.resume,
        notes=[KILLED, *notes, *missing(exported)],
        manifest=ManifestRecord(str(loaded.path), loaded.sha256),
        evidence=exported,
    )


def missing(exported: collect.CollectedEvidence) -> Iterator[str]:
    """Yield what could not be had, as notes."""
    yield from (f"missing in the evidence: {each}" for each in exported.missing)


def outcomes(events: Iterable[Event]) -> Iterator[Outcome]:
    """Yield how the criteria ended that did, as far as a timeline tells."""
    for each in events:
        if isinstance(each, CriterionEnded) and each.id and each.outcome:
            phase = each.phase or "validate"
            yield Outcome(
                each.id, each.component, each.outcome, "", seconds=each.seconds, phase=phase
            )


def page(made: RunRecord) -> str:
    """Return the report of a record, without the log that only a session has."""
    pieces = [html_page.render(made, str)]
    return html_page.document(html_page.title(made, str), pieces)


def differing(folder: Path, connection: Connection) -> Iterator[str]:
    """Yield which journals of a bundle are not the host's, or their beginning.

    Raises:
        RollbackError: the host does not answer.
    """
    events = signoffs.events(folder)
    run = collect.run_of(events)
    found = connection.ask(collect.export(connection.system, run, events)).journals if run else {}
    for path in sorted((folder / evidence_seal.JOURNALS).glob("*")):
        theirs = found.get(path.name)
        if theirs is None:
            yield f"{evidence_seal.JOURNALS}/{path.name}: not on the host"
        elif not continues(path.read_bytes(), theirs.encode("utf-8", "surrogateescape")):
            yield f"{evidence_seal.JOURNALS}/{path.name}: the journal on the host differs"


def continues(ours: bytes, theirs: bytes) -> bool:
    """Return whether a journal continues another one, with an intact hash chain.

    Which files are secret may have changed since: where entries are masked, their hashes count.
    """
    try:
        journal.parsed(theirs, "the host's", is_copy=True)
        journal.parsed(ours, "ours", is_copy=True)
    except HostError:
        return False
    pairs = zip(ours.splitlines(keepends=True), theirs.splitlines(keepends=True), strict=False)
    return ours.count(b"\n") <= theirs.count(b"\n") and all(
        one == other or same(one, other) for one, other in pairs
    )


def same(one: bytes, other: bytes) -> bool:
    """Return whether two lines are of one entry, of which at least one is masked."""
    try:
        first, second = json.loads(one), json.loads(other)
    except ValueError:
        return False
    is_masked = [each.pop(journal.MASKED, False) is True for each in (first, second)]
    return any(is_masked) and first.get("hash") == second.get("hash") and alike(first, second)


def alike(one: Json, other: Json) -> bool:
    """Return whether two values say the same, but for what is masked in either."""
    if MARK in (one, other):
        return True
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(alike(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(alike, one, other))
    return one == other
