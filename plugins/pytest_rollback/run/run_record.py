"""The record of a run: everything that its report states, and what `report.json` holds.

It is the contract between a run and its readers: the page, the terminal's summary, the formats for
other machines, the page of all runs, and the review. Every field has a default, because a reader
gets records of older versions and damaged ones as well. Times of day are ISO 8601 in UTC.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, TypeVar

from pydantic import BeforeValidator, Field, SerializerFunctionWrapHandler, WrapSerializer

from pytest_rollback.checks.availability import AvailabilitySecond
from pytest_rollback.checks.latency import ProbeLatency
from pytest_rollback.evidence.collect import CollectedEvidence
from pytest_rollback.evidence.data_return import DataRecord
from pytest_rollback.evidence.json_data import Flag, Json, Number, dump, read, salvage
from pytest_rollback.run.phases import PhaseRecord

Part = TypeVar("Part")


def nothing(value: object) -> object:
    """Return None for what a file writes as `{}`."""
    return value or None


def braces(value: object, write: SerializerFunctionWrapHandler) -> object:
    """Return `{}` for None, which is how a file writes a part that a run does not have."""
    return {} if value is None else write(value)


OrBraces = Annotated[Part | None, BeforeValidator(nothing), WrapSerializer(braces)]
"""A part that not every run has: None here, `{}` in a file."""


@dataclass(frozen=True)
class TargetRecord:
    """Where a run was made: the target's name, how it was reached, whether it was the sandbox."""

    name: str = ""
    connection: str = ""
    demonstration: Flag = False


@dataclass(frozen=True)
class ReleaseRecord:
    """A release by name and commit, as far as the backup set knows them."""

    name: str | None = None
    commit: str | None = None


@dataclass(frozen=True)
class Releases:
    """The releases that a backup set knows."""

    previous: ReleaseRecord = field(default_factory=ReleaseRecord)
    current: ReleaseRecord = field(default_factory=ReleaseRecord)


@dataclass(frozen=True)
class ManifestRecord:
    """Which rollback.toml a run was made with."""

    path: str = ""
    sha256: str = ""


@dataclass(frozen=True)
class CriterionRecord:
    """How one criterion ended, for one component where it is about one.

    Args:
        id, component, suite, phase: which criterion, and where it belongs.
        outcome: one of `criteria.OUTCOMES`.
        title, procedure: what is checked, and the line of the procedure that asks for it.
        seconds: how long it took.
        message, hint, findings: why it is not met, the way out, and all that was found.
        evidence: what it measured, by name.
        nodeid: pytest's name of the test.
    """

    id: str = ""
    component: str | None = None
    suite: str = ""
    phase: str = ""
    outcome: str = ""
    title: str = ""
    procedure: str = ""
    seconds: Number | None = None
    message: str = ""
    hint: str = ""
    findings: tuple[str, ...] = ()
    evidence: Mapping[str, Json] = field(default_factory=dict)
    nodeid: str = ""


@dataclass(frozen=True)
class RuleRecord:
    """A rule of triage that fired: what it calls for, and the value beyond its threshold."""

    calls_for: Annotated[str, Field(alias="calls for")] = ""
    id: str = ""
    component: str | None = None
    measured: str = ""
    threshold: str = ""
    note: str = ""


@dataclass(frozen=True)
class RecommendationRecord:
    """What triage recommends, as a report states it: rules, remarks, and commands to type now."""

    words: str = ""
    rules: tuple[RuleRecord, ...] = ()
    notes: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()


@dataclass(frozen=True)
class ChecklistEntry:
    """One item as a report states it.

    Args:
        list_name, item: which list (`list` in a file), and what it says.
        key: its short name, for people who tick it.
        state: done, late, missing or not checked.
        by: the criteria, actions and people that say so.
    """

    list_name: Annotated[str, Field(alias="list")] = ""
    item: str = ""
    key: str = ""
    state: str = "not checked"
    by: tuple[str, ...] = ()


@dataclass(frozen=True)
class RunRecord:
    """Everything that the report of a run states.

    Args:
        run, operator, incident: which run, who ran it, and what for.
        verdict, sentence, reasons: the verdict, the same with its minutes, and what is against it.
        system, target, manifest: what was looked at or rolled back, and where that is described.
        started, decided, finished: times of day; no `decided` where nothing was rolled back.
        rto, elapsed, margin: the recovery time objective, what was used of it, and what was left,
            in seconds; `margin` is negative when it was missed.
        previous, current: the releases that were rolled back to and from.
        advice: what triage recommends; None where it was not asked.
        resume: the command that goes on from here.
        phases: the phases of the procedure in order; none where nothing was decided.
        users, users_asked_from, users_problem: what users got in each second, where that was asked,
            and why the last missing answer did not come.
        outage_seconds, maintenance_seconds: how long users got errors and the maintenance page.
        criteria, latency, checklist: every criterion, probe and item of the checklist.
        not_evaluated: the ids of criteria that the verdict would have needed.
        not_applicable: the ids of criteria that this system has nothing for, each with the key of
            rollback.toml that would make it apply.
        evidence: what was brought from the host; None where it was not asked.
        afterwards: what became of the run since: rebuilt, amended, undone; a sentence each.
        scenario: how the sandbox's release was made bad.
        max_age: seconds after which the next drill is due.
        versions: the packages that took part.
        agent_sha256, round_trips: what was sent to the host, and how often it was asked.
        data: what was done to the database, and what users have lost by it.
        kind: a rollback by `rollback now`, a drill, or a check that changes nothing.
    """

    run: str = ""
    verdict: str = ""
    sentence: str = ""
    reasons: tuple[str, ...] = ()
    system: str = ""
    target: TargetRecord = field(default_factory=TargetRecord)
    incident: str | None = None
    operator: str = ""
    started: str = ""
    decided: str | None = None
    finished: str = ""
    rto: Number | None = None
    elapsed: Number | None = None
    margin: Number | None = None
    previous: ReleaseRecord = field(default_factory=ReleaseRecord)
    current: ReleaseRecord = field(default_factory=ReleaseRecord)
    advice: OrBraces[RecommendationRecord] = None
    resume: str | None = None
    phases: tuple[PhaseRecord, ...] = ()
    users: tuple[AvailabilitySecond, ...] = ()
    users_asked_from: str = ""
    users_problem: str = ""
    outage_seconds: Number | None = None
    maintenance_seconds: Number | None = None
    criteria: tuple[CriterionRecord, ...] = ()
    not_evaluated: tuple[str, ...] = ()
    not_applicable: tuple[str, ...] = ()
    latency: tuple[ProbeLatency, ...] = ()
    checklist: tuple[ChecklistEntry, ...] = ()
    evidence: OrBraces[CollectedEvidence] = None
    afterwards: tuple[str, ...] = ()
    scenario: str | None = None
    max_age: Number | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    manifest: ManifestRecord = field(default_factory=ManifestRecord)
    agent_sha256: str = ""
    round_trips: int = 0
    data: DataRecord = field(default_factory=DataRecord)
    kind: str = ""


WELL = frozenset({"RECOVERED", "STEADY"})
"""Verdicts of a recovered system, which end the escalation."""

REQUIRED = frozenset(
    {
        *("run", "verdict", "sentence", "reasons", "system", "target", "operator", "finished"),
        *("rto", "phases", "criteria"),
    }
)
"""Keys that every version has written."""


def parsed(data: object) -> RunRecord:
    """Return the record that a report's data holds.

    Raises:
        ValueError: it is none, or a value has another type; one line names the place.
    """
    if not isinstance(data, Mapping):
        raise ValueError("it is not a JSON object")  # noqa: TRY004 - one error for all that is wrong
    missing = sorted(REQUIRED.difference(data))
    if missing:
        raise ValueError(f"it has no {', '.join(missing)}")
    return read(RunRecord, data)


def salvaged(data: object) -> RunRecord:
    """Return as much of a record as the data of a damaged or older report holds."""
    return salvage(RunRecord, data)


def redacted(record: RunRecord, redact: Callable[[Json], Json]) -> RunRecord:
    """Return a record without secrets."""
    return salvaged(redact(dump(record)))
