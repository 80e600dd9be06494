"""Makes the record of a run from its facts: a pure function.

What a record is stands in `run_record`.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import platform
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from importlib import metadata

from pytest_rollback.checks.availability import Availability
from pytest_rollback.checks.latency import ProbeLatency
from pytest_rollback.criteria import AGAINST, Outcome
from pytest_rollback.evidence.collect import CollectedEvidence
from pytest_rollback.evidence.events import Decided, Event, RunBegan, first
from pytest_rollback.evidence.json_data import plain
from pytest_rollback.manifest.applicability import NotApplicable
from pytest_rollback.manifest.model import System
from pytest_rollback.manifest.values import shown_connection
from pytest_rollback.run.completeness import PARTIAL, Completeness
from pytest_rollback.run.phases import PhaseRecord, phases, returned, to_ms
from pytest_rollback.run.run_record import (
    ChecklistEntry,
    CriterionRecord,
    ManifestRecord,
    RecommendationRecord,
    ReleaseRecord,
    RunRecord,
    TargetRecord,
)
from pytest_rollback.run.shipped import procedure, title
from pytest_rollback.run.verdict import against
from pytest_rollback.text.quantities import clock, count

PACKAGES = (
    "pytest-rollback",
    "pytest",
    "pytest-html",
    "pytest-testinfra",
    "pytest-timeout",
    "pytest-xdist",
    "httpx",
    "pydantic",
)
FINE = {"READY", "RECOVERED", "REHEARSED", "STEADY", "ISOLATED", "MONITOR"}
"""Verdicts that need no action."""


@dataclass(frozen=True)
class RunFacts:
    """What a report is made of.

    Args:
        system: what the manifest describes.
        run, operator, incident: which run, who ran it, and what for.
        started, finished: when the session began and ended, UTC.
        verdict: READY, RECOVERED, REHEARSED, their opposites, PARTIAL, or INCONCLUSIVE.
        scope: the components that the command line names.
        completeness, not_applicable: how much was evaluated; what this system has nothing for.
        outcomes: how every criterion ended.
        events: the timeline's; offsets in seconds since the session began.
        elapsed: seconds from the decision to the last success criterion; None without a clock.
        demonstration: whether the target is the sandbox.
        connection: how the target is reached, without a password; the manifest's if not given.
        users: what the prober saw.
        latency: one entry for each probe that was measured.
        previous, current: the releases of the backup set.
        resume: the command that goes on from here.
        estimate: seconds that a rehearsed rollback would take, and how many changes it needs.
        notes: what went wrong beside the rollback itself.
        manifest: which description the run was made with.
        agent_sha256, round_trips: the hash of what was sent to the host, and how often.
        checklist: the procedure's checklists, as this run and people have ticked them.
        evidence: what was brought from the host; None where it was not asked.
        advice: what triage recommends; None where it was not asked.
        serious: whether it was carried out by `rollback now`, and is no drill.
        interrupted: whether a signal ended it.
    """

    system: System
    run: str
    operator: str
    verdict: str
    started: dt.datetime
    finished: dt.datetime
    outcomes: Sequence[Outcome] = ()
    scope: tuple[str, ...] = ()
    completeness: Completeness = field(default_factory=Completeness)
    not_applicable: Sequence[NotApplicable] = ()
    events: Sequence[Event] = ()
    incident: str | None = None
    elapsed: float | None = None
    demonstration: bool = False
    connection: str = ""
    users: Availability | None = None
    latency: Sequence[ProbeLatency] = ()
    previous: ReleaseRecord = field(default_factory=ReleaseRecord)
    current: ReleaseRecord = field(default_factory=ReleaseRecord)
    resume: str = ""
    estimate: tuple[float, int] | None = None
    notes: Sequence[str] = ()
    manifest: ManifestRecord = field(default_factory=ManifestRecord)
    agent_sha256: str = ""
    round_trips: int = 0
    checklist: Sequence[ChecklistEntry] = ()
    evidence: CollectedEvidence | None = None
    advice: RecommendationRecord | None = None
    serious: bool = False
    interrupted: bool = False

    @property
    def good(self) -> bool:
        """Whether the verdict needs no action."""
        return self.verdict in FINE

    @property
    def seen(self) -> Availability:
        """What the prober saw; nothing where there was none."""
        return self.users or Availability()

    @property
    def margin(self) -> float | None:
        """Seconds that were left of the recovery time objective; negative when it was missed."""
        return None if self.elapsed is None else self.system.about.rto - self.elapsed

    @property
    def lanes(self) -> tuple[PhaseRecord, ...]:
        """The phases of the procedure, in order."""
        return phases(self.system.budgets, self.events, self.outcomes, self.elapsed)

    @property
    def decided(self) -> str | None:
        """When the rollback was decided, ISO 8601 in UTC; None where it was not."""
        found = first(Decided, self.events)
        return found.at if found else None


def record(facts: RunFacts) -> RunRecord:
    """Return everything that the report of a run states."""
    return replace(
        measured(facts),
        run=facts.run,
        kind=kind(facts),
        verdict=facts.verdict,
        sentence=sentence(facts),
        reasons=tuple(reasons(facts, facts.lanes)),
        system=facts.system.about.name,
        target=target(facts),
        incident=facts.incident,
        operator=facts.operator,
        previous=facts.previous,
        current=facts.current,
        advice=facts.advice,
        data=returned(facts.system.database, facts.events),
        resume=None if facts.good or not facts.resume else facts.resume,
        criteria=tuple(criterion(each) for each in facts.outcomes),
        not_evaluated=facts.completeness.missing,
        not_applicable=tuple(each.words for each in facts.not_applicable),
        checklist=tuple(facts.checklist),
        evidence=facts.evidence,
        scenario=scenario(facts.events),
        max_age=facts.system.drills.max_age,
        versions=versions(),
        manifest=facts.manifest,
        agent_sha256=facts.agent_sha256,
        round_trips=facts.round_trips,
    )


def measured(facts: RunFacts) -> RunRecord:
    """Return what was measured: times, phases, what users got, and response times."""
    return RunRecord(
        started=facts.started.isoformat(timespec="seconds"),
        decided=facts.decided,
        finished=facts.finished.isoformat(timespec="seconds"),
        rto=facts.system.about.rto,
        elapsed=to_ms(facts.elapsed),
        margin=to_ms(facts.margin),
        phases=facts.lanes,
        users=facts.seen.seconds,
        users_asked_from=facts.seen.asked_from,
        users_problem=facts.seen.problem,
        outage_seconds=to_ms(facts.seen.outage_seconds),
        maintenance_seconds=to_ms(facts.seen.maintenance_seconds),
        latency=latest(facts.latency),
    )


def kind(facts: RunFacts) -> str:
    """Return what the run was: a rollback, a drill, or a check that changes nothing."""
    if facts.decided is None:
        return "check"
    return "rollback" if facts.serious else "drill"


def scenario(events: Iterable[Event]) -> str | None:
    """Return how the sandbox's release was made bad; None where it was no sandbox's."""
    began = first(RunBegan, events)
    return began.scenario if began else None


def latest(latency: Iterable[ProbeLatency]) -> tuple[ProbeLatency, ...]:
    """Return the response times of each probe as they were measured last, in that order."""
    found: dict[tuple[str, str], ProbeLatency] = {}
    for each in latency:
        found.pop((each.component, each.probe), None)
        found[each.component, each.probe] = each
    return tuple(found.values())


def target(facts: RunFacts) -> TargetRecord:
    """Return where the run was made."""
    about = facts.system.target
    place = facts.connection or shown_connection(about.connection)
    return TargetRecord(about.name, place, facts.demonstration)


def versions() -> dict[str, str]:
    """Return what this run was made with."""
    found = {}
    for name in PACKAGES:
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    return {**found, "python": platform.python_version()}


def sentence(facts: RunFacts) -> str:
    """Return the verdict as one line, with the minutes or the number of criteria behind it."""
    scope = f" ({', '.join(facts.scope)})" if facts.scope else ""
    said = f"{facts.verdict}{scope}{', '.join(filter(None, (behind(facts), late(facts))))}"
    whole = facts.completeness.whole or facts.verdict == PARTIAL
    return said if whole else f"{said} ({facts.completeness.words} evaluated)"


def behind(facts: RunFacts) -> str:
    """Return what stands behind the verdict, and on which target."""
    where, rto = f"({facts.system.target.name})", clock(facts.system.about.rto)
    counted = f": {against(facts.outcomes)} {where}"
    if facts.verdict == PARTIAL:
        return f": {facts.completeness.words} were evaluated {where}"
    if facts.verdict == "REHEARSED" and facts.estimate:
        seconds, changes = facts.estimate
        return f": {count(changes, 'change')} in about {clock(seconds)} of {rto} {where}"
    if facts.elapsed is not None:
        word = "in" if facts.good else "after"
        by = " by rollback" if facts.serious else ""
        return f"{by} {word} {clock(facts.elapsed)} of {rto} {where}"
    if facts.interrupted:
        return f": interrupted {where}"
    return f" {where}" if facts.good or not facts.outcomes else counted


def late(facts: RunFacts) -> str:
    """Return by how much the recovery time objective was missed; nothing when it was not."""
    if facts.margin is None or facts.margin >= 0:
        return ""
    return f"{clock(-facts.margin)} too late"


def reasons(facts: RunFacts, lanes: Iterable[PhaseRecord]) -> Iterator[str]:
    """Yield why the verdict is what it is: each criterion once, then what took too long."""
    said: dict[tuple[str, str], list[str]] = {}
    bad = [each for each in facts.outcomes if each.outcome in AGAINST]
    causes = [each for each in bad if each.outcome != "not reached"] or bad
    for each in causes:
        key = (each.identity, each.message.split("\n")[0] or each.outcome)
        said.setdefault(key, []).append(each.component or "")
    for (identity, message), components in said.items():
        names = ", ".join(filter(None, components))
        yield f"{identity}{f' [{names}]' if names else ''}: {message}"
    yield from filter(None, [facts.completeness.left])
    for lane in lanes:
        if lane.is_late:
            yield f"phase {lane.name} took {clock(lane.seconds)}, over its {clock(lane.budget)}"
    if late(facts):
        yield f"the recovery time objective was missed by {late(facts).removesuffix(' too late')}"
    yield from facts.notes


def criterion(outcome: Outcome) -> CriterionRecord:
    """Return one criterion as it is reported."""
    return CriterionRecord(
        id=outcome.identity,
        component=outcome.component,
        suite=outcome.suite,
        phase=outcome.phase,
        outcome=outcome.outcome,
        title=title(outcome.title),
        procedure=procedure(outcome.title),
        seconds=outcome.seconds,
        message=outcome.message,
        hint=outcome.hint,
        findings=outcome.findings,
        evidence={name: plain(value) for name, value in outcome.evidence.items()},
        nodeid=outcome.nodeid,
    )
