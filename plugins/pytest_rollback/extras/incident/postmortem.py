"""The review of a run: a Markdown draft in which only what people know is left to fill in."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from pytest_rollback.errors import UsageError
from pytest_rollback.evidence import signoffs
from pytest_rollback.evidence.events import (
    Acknowledged,
    ActionAdvisory,
    ActionBegun,
    ActionDone,
    ActionFailed,
    ChangeBegun,
    ChangeEnded,
    ChangeTook,
    CriterionEnded,
    Decided,
    Event,
    HostTaken,
    ItemTicked,
    ItemWithdrawn,
    LevelCalled,
    MessageSent,
    PersonEvent,
    Planned,
    RunBegan,
    RunFinished,
    RunRebuilt,
    RunUndone,
    as_data,
    first,
    kind_of,
)
from pytest_rollback.evidence.seal import seals
from pytest_rollback.extras.incident import amend
from pytest_rollback.report.amend import data_of
from pytest_rollback.run.run_record import ChecklistEntry, ReleaseRecord, RunRecord, parsed
from pytest_rollback.text.quantities import clock, moment, span

NAME = "postmortem.md"
QUIET = (ChangeBegun, ChangeEnded, ActionBegun, CriterionEnded)
"""Events of which a later one says more; criteria have a section of their own."""

SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~])")
LONGEST = 300

TODO = "_to fill in_"
QUESTIONS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "Root cause",
        (
            "What caused the need for a rollback?",
            "Why did the fault reach production? Which check should have found it?",
            "Why was a rollback the right fix?",
        ),
    ),
    (
        "What went well, and what did not",
        (
            "What worked well in the rollback?",
            "What took longer than it should have, and why?",
            "What was wrong, missing or unclear in the procedure?",
        ),
    ),
    (
        "Hardening",
        (
            "Which monitoring would have raised the alarm earlier?",
            "Which health checks would have prevented it?",
            "Is a circuit breaker needed, and where?",
        ),
    ),
)


def plain(value: object) -> str:
    """Return a text for Markdown, as one line in which nothing means anything."""
    text = " ".join(str(value).split())
    cut = text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
    return SPECIAL.sub(r"\\\1", "".join(letter for letter in cut if letter.isprintable()))


def draft(folder: Path) -> str:
    """Return the draft for a run.

    Raises:
        UsageError: the run was killed and its folder was not made whole.
    """
    data = data_of(folder)
    if data is None:
        raise UsageError(
            f"{folder} has no record: the run has not ended, or was killed",
            hint=f"rollback report rebuild {folder.name}",
        )
    events = signoffs.events(folder)
    try:
        record = parsed(data)
        sections = [
            head(record),
            summary(record, folder),
            happened(events),
            against(record),
            failed(record),
            acts(events, amend.items(folder)),
            *(asked(*each) for each in QUESTIONS),
            actions(),
        ]
        return "\n\n".join("\n".join(each) for each in sections) + "\n"
    except ValueError as error:
        raise UsageError(
            f"{folder / 'report.json'} is not a record of a run: {error}",
            hint=f"rollback report verify {folder.name}",
        ) from error


def head(record: RunRecord) -> Iterator[str]:
    """Yield what the page is about."""
    yield f"# Postmortem: {plain(record.sentence)}"
    yield ""
    yield "A draft, written from the timeline of the run. Times are UTC."


def summary(record: RunRecord, folder: Path) -> Iterator[str]:
    """Yield the facts in a table."""
    elapsed, margin = record.elapsed, record.margin
    facts = {
        "incident": plain(record.incident or "") or TODO,
        "system": f"{plain(record.system)} on {plain(record.target.name)}",
        "run": plain(record.run),
        "operator": plain(record.operator),
        "decided": moment(record.decided or ""),
        "finished": moment(record.finished),
        "time to recovery": f"{clock(elapsed)} of {clock(record.rto)}"
        + ("" if margin is None else f", {clock(abs(margin))} {'left' if margin >= 0 else 'late'}"),
        "users got errors": span(record.outage_seconds),
        "users got the maintenance page": span(record.maintenance_seconds),
        "rolled back from": release(record.current),
        "rolled back to": release(record.previous),
        "data": plain(record.data.sentence) or "no database is described",
        "impact": TODO,
        "since then": "; ".join(plain(each) for each in record.afterwards) or "nothing",
        "sealed": " ".join(each.hash[:16] for each in seals(folder)[:1]) or "not sealed",
    }
    yield "## Summary"
    yield ""
    yield "| | |"
    yield "| --- | --- |"
    yield from (f"| {name} | {value} |" for name, value in facts.items())


def release(found: ReleaseRecord) -> str:
    """Return a release's name and commit."""
    return plain(" ".join(filter(None, (found.name, found.commit)))) or TODO


def happened(events: Sequence[Event]) -> Iterator[str]:
    """Yield what happened when."""
    yield "## Timeline"
    yield ""
    yield "| time | after | what |"
    yield "| --- | --- | --- |"
    decided = first(Decided, events)
    for each in events:
        said = words(each)
        if said:
            since = "" if decided is None else clock(each.offset - decided.offset)
            time = f"{each.moment:%H:%M:%S} " if each.moment else ""
            yield f"| {time}| {since} | {said} |"


FORMS: Mapping[type[Event], str] = {
    RunBegan: "the run was started by {operator}",
    Decided: "**decision to roll back**",
    HostTaken: "the host was locked",
    Planned: "the plan was made",
    ChangeTook: "{what} ({took})",
    ActionDone: "{action}: done",
    ActionFailed: "**{action} failed**: {message}",
    ActionAdvisory: "{action} failed, but the rollback continued: {message}",
    MessageSent: "message to {channel} about {about}: {outcome} {why}",
    LevelCalled: "level {level} was called: {name}",
    ItemTicked: "{by} ticked {item} {note}",
    ItemWithdrawn: "{by} withdrew {item}",
    Acknowledged: "**{by} acknowledged** {note}",
    RunRebuilt: "{by} rebuilt the report of the killed run",
    RunUndone: "**{by} undid the run**",
    RunFinished: "**the run ended: {verdict}**",
}
"""What each event is in words; a test holds the names of the fields."""


def words(event: Event) -> str:
    """Return an event in words; nothing for one of which a later one says more."""
    if isinstance(event, QUIET):
        return ""
    facts = {key: plain(value) for key, value in as_data(event).items() if value is not None}
    took = span(event.seconds) if isinstance(event, ChangeTook) else ""
    name = kind_of(event).replace("{", "").replace("}", "")
    form = FORMS.get(type(event)) or plain(name)
    return form.format_map(defaultdict(str, {**facts, "took": took})).strip()


def against(record: RunRecord) -> Iterator[str]:
    """Yield the phases against their budgets."""
    yield "## Phases against their budgets"
    yield ""
    if not record.phases:
        yield "No phase was run."
        return
    yield "| phase | took | budget | changes | state |"
    yield "| --- | --: | --: | --: | --- |"
    for each in record.phases:
        took, budget = clock(each.seconds), clock(each.budget)
        row = (each.name, took, budget, len(each.changes), each.state)
        yield f"| {' | '.join(map(plain, row))} |"


def failed(record: RunRecord) -> Iterator[str]:
    """Yield what stood against the good verdict."""
    yield "## Failures"
    yield ""
    bad = [each for each in record.criteria if each.outcome in {"not met", "inconclusive"}]
    for each in bad:
        who = f" ({plain(each.component)})" if each.component else ""
        yield f"- **{plain(each.id)}**{who}, {each.outcome}: {plain(each.message)}"
        yield from (f"  - {plain(finding)}" for finding in each.findings)
    said = {each.id for each in bad}
    for reason in record.reasons:
        if not any(reason.startswith(each) for each in said):
            yield f"- {plain(reason)}"
    if not bad and not record.reasons:
        yield "Nothing."


def acts(events: Iterable[Event], items: Iterable[ChecklistEntry]) -> Iterator[str]:
    """Yield what people did, and what of the checklist is open, late or missing."""
    mine = [each for each in events if isinstance(each, PersonEvent)]
    yield "## Actions of people"
    yield ""
    for each in mine:
        yield f"- {moment(each.at)}: {words(each)}"
    if not mine:
        yield "No item was ticked: `rollback checklist`."
    yield ""
    yield "### Open and late items of the checklist"
    yield ""
    left = [each for each in items if each.state != "done"]
    for item in left:
        sign = "x" if item.state == "late" else " "
        yield f"- [{sign}] {plain(item.list_name)}: {plain(item.item)} ({item.state})"
    if not left:
        yield "None."


def asked(title: str, questions: Iterable[str]) -> Iterator[str]:
    """Yield a section that people fill in."""
    yield f"## {title}"
    for each in questions:
        yield ""
        yield f"**{each}**"
        yield ""
        yield TODO


def actions() -> Iterator[str]:
    """Yield the table of what is to be done."""
    yield "## Actions"
    yield ""
    yield "| what | who | until |"
    yield "| --- | --- | --- |"
    yield f"| {TODO} | {TODO} | {TODO} |"
