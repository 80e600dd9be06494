"""One run: the target, how each criterion ended, and the verdict."""

from __future__ import annotations

import datetime as dt
import getpass
import os
import secrets
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pytest_rollback import criteria
from pytest_rollback.checks.availability import Availability
from pytest_rollback.checks.latency import ProbeLatency
from pytest_rollback.criteria import Criterion, Outcome
from pytest_rollback.errors import PARTIAL, RollbackError
from pytest_rollback.evidence import signoffs
from pytest_rollback.evidence.collect import CollectedEvidence
from pytest_rollback.evidence.events import CriterionEnded
from pytest_rollback.evidence.json_data import salvage
from pytest_rollback.evidence.redaction import Redactor
from pytest_rollback.evidence.timeline import Timeline
from pytest_rollback.manifest.applicability import lacks
from pytest_rollback.manifest.load import Loaded
from pytest_rollback.manifest.model import Component
from pytest_rollback.recovery.action import Scope
from pytest_rollback.recovery.status import FREE, WayBack
from pytest_rollback.run import extras
from pytest_rollback.run.completeness import ISOLATION, Completeness, DeclaredScope
from pytest_rollback.run.extras import Extras
from pytest_rollback.run.options import RunOptions
from pytest_rollback.run.phases import RECOVERY
from pytest_rollback.run.record import RunFacts, record
from pytest_rollback.run.run_record import ManifestRecord, RecommendationRecord, Releases, RunRecord
from pytest_rollback.run.suite_collection import SuiteCollection
from pytest_rollback.run.verdict import INTERRUPTED, Judgement, RunCourse, judged
from pytest_rollback.text.next_steps import NextSteps, next_steps
from pytest_rollback.transport.connection import Connection, agent_sha256


def identity(now: dt.datetime) -> str:
    """Return the id of a run that starts now: sorted by time, unique by chance."""
    return f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


def operator() -> str:
    """Return who runs this, also behind sudo: `name@host`."""
    name = os.environ.get("SUDO_USER") or getpass.getuser()
    return f"{name}@{socket.gethostname()}"


@dataclass
class Run:
    """The state of one run, updated during the run.

    Args:
        loaded: the manifest.
        asked: the command line.
        reports: where the folder of the run is made.
        demonstration: whether the target is the sandbox, and not the user's system.
        fleeting: whether the target ends with the session.
        extras: the parts that joined.

    `latency` is what this process has measured since the last criterion ended, `measured` all of
    the run. `facts` are what was read of the host since the suite began. `collection` is what was
    asked for and collected. `isolates` says that the drill goes no further than to stop what fails.
    `answered` tells that the host answered until the end, `back` whether it would take an undo.
    `notes` are told at the end: what went wrong beside the rollback itself. `kept` is what parts
    keep of the run, by their names.
    """

    loaded: Loaded
    asked: RunOptions
    reports: Path
    demonstration: bool = False
    fleeting: bool = False
    identity: str = ""
    extras: Extras = field(default_factory=extras.outside)
    started: dt.datetime = field(default_factory=lambda: dt.datetime.now(dt.UTC))
    outcomes: list[Outcome] = field(default_factory=list)
    latency: list[ProbeLatency] = field(default_factory=list)
    measured: list[ProbeLatency] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    suite: str = ""
    collection: SuiteCollection = field(default_factory=SuiteCollection)
    isolates: bool = False
    users: Availability | None = None
    broken_off: int = 0
    answered: bool = False
    back: WayBack = FREE
    notes: list[str] = field(default_factory=list)
    backups: Mapping[str, Any] = field(default_factory=dict)
    estimate: tuple[float, int] | None = None
    kept: dict[str, Any] = field(default_factory=dict)
    evidence: CollectedEvidence | None = None
    redactor: Redactor = field(default_factory=lambda: Redactor({}))

    def __post_init__(self) -> None:
        self.system = self.loaded.system
        self.asked.fit(self.system, self.loaded.path)
        extras.described(self.system, self.loaded.path, self.extras.parts)
        self.connection = Connection(self.system)
        self.identity = self.identity or identity(self.started)
        self.scope = Scope(self.system, self.asked.only, defaults=self.asked.defaults)
        self.timeline = Timeline(self.folder)
        self._raised: list[BaseException] = []
        self._record: RunRecord | None = None
        self._concluded: Judgement | None = None

    @property
    def folder(self) -> Path:
        """The run's own folder for everything that it leaves behind."""
        return self.reports / self.identity

    @property
    def components(self) -> tuple[Component, ...]:
        """The components that the run is about, in start order."""
        return self.scope.components

    def choose(self, chosen: Iterable[Criterion]) -> None:
        """Take in which criteria are evaluated: those of the isolation alone end with it."""
        ours = {each.identity for each in chosen if each.suite in RECOVERY}
        drilled = not ours.isdisjoint(ISOLATION)
        self.isolates = drilled and (self.asked.isolate or ours <= ISOLATION)

    def judged(self, error: BaseException | None) -> str:
        """Return the outcome of an error; `not reached` for the error of an earlier criterion."""
        if any(error is each for each in self._raised):
            return "not reached"
        if error is not None:
            self._raised.append(error)
        return criteria.judged(error)

    def take(self, found: Outcome, measured: Iterable[ProbeLatency]) -> None:
        """Take in how a criterion ended, and what was measured meanwhile."""
        self.outcomes.append(found)
        self.measured.extend(measured)
        where = (found.identity, found.component, found.phase)
        self.timeline.note(CriterionEnded(*where, found.outcome, found.seconds))

    def state(self, identity: str, title: str, error: RollbackError | None = None) -> None:
        """Take in how something ended that is no test, but decides about the verdict."""
        outcome = Outcome(
            identity,
            None,
            criteria.judged(error),
            title,
            0.0,
            message=error.message if error else "",
            hint=error.hint if error else "",
            findings=error.findings if error else (),
            code=error.exit_code if error else 0,
        )
        self.outcomes.append(outcome)

    @property
    def suites(self) -> set[str]:
        """The suites whose criteria took part."""
        return {each.suite for each in self.outcomes}

    @property
    def interrupted(self) -> bool:
        """Whether a signal ended the run before its end."""
        return self.broken_off == INTERRUPTED

    @property
    def elapsed(self) -> float | None:
        """Seconds from the decision to the last criterion; None where nothing was to recover."""
        return self.timeline.elapsed

    def completeness(self, *suites: str) -> Completeness:
        """Return how much was evaluated of some suites, of all if none is named."""
        return self.collection.completeness(
            suites,
            [each.name for each in self.components],
            self.outcomes,
            self.declared,
            lacks(self.system),
        )

    @property
    def declared(self) -> DeclaredScope:
        """What the options declare as the whole."""
        return DeclaredScope(dry=self.asked.dry, isolate=self.asked.isolate)

    @property
    def judgement(self) -> Judgement:
        """The verdict and the exit code: as of now, or as they were when the run was concluded."""
        return self._concluded or judged(
            RunCourse(
                outcomes=self.outcomes,
                completeness=self.completeness(),
                broken_off=self.broken_off,
                late=self.elapsed is not None and self.elapsed > self.system.about.rto,
                dry=self.asked.dry,
                isolates=self.isolates,
                asked=self.collection.touched(()),
                recommended=self.advice.words if self.advice and self.advice.rules else "",
            )
        )

    @property
    def exit_code(self) -> int:
        """The exit code: of the criteria, or of the error that allowed no change."""
        return self.judgement.code

    @property
    def verdict(self) -> str:
        """READY, RECOVERED, STEADY, their opposites, what triage recommends, or INCONCLUSIVE."""
        return self.judgement.word

    def conclude(self) -> Judgement:
        """Fix the verdict: terminal, report, exit code and the host's record all have this one."""
        self._concluded = self.judgement
        return self._concluded

    @property
    def reasons(self) -> list[Outcome]:
        """The outcomes that stand against the good verdict."""
        return [each for each in self.outcomes if each.outcome in criteria.AGAINST]

    def record(self) -> RunRecord:
        """Return everything that the report states; made when it is first asked for."""
        if self._record is None:
            self._record = record(self._known())
        return self._record

    def _known(self) -> RunFacts:
        releases, now = salvage(Releases, self.backups), dt.datetime.now(dt.UTC)
        ticks = signoffs.beside(self.folder, self.asked.incident)
        return RunFacts(
            system=self.system,
            run=self.identity,
            operator=operator(),
            verdict=self.verdict,
            scope=tuple(sorted(self.asked.only)),
            completeness=self.completeness(),
            not_applicable=self.collection.beside,
            started=self.started,
            finished=now,
            outcomes=self.outcomes,
            events=self.timeline.events,
            checklist=self.extras.checklist(self.outcomes, [*ticks, *self.timeline.events], now),
            incident=self.asked.incident,
            elapsed=self.elapsed,
            demonstration=self.demonstration,
            users=self.users,
            latency=self.measured,
            previous=releases.previous,
            current=releases.current,
            resume="" if self.fleeting or self.advice else self.again,
            estimate=self.estimate,
            notes=self.notes,
            manifest=ManifestRecord(str(self.loaded.path), self.loaded.sha256),
            agent_sha256=agent_sha256(),
            round_trips=self.connection.trips,
            evidence=self.evidence,
            advice=self.advice,
            serious=self.next_steps.asks,
            interrupted=self.interrupted,
        )

    @property
    def advice(self) -> RecommendationRecord | None:
        """What triage recommends, for the report; None where it took no part."""
        return self.extras.advice(self.outcomes, self.next_steps, self.completeness("triage"))

    @property
    def whole(self) -> str:
        """The command that evaluates the whole of what was evaluated in part."""
        suites = self.collection.touched(self.suites)
        return self.next_steps.suites(suites, *self.asked.declared(isolate=self.isolates))

    @property
    def resume(self) -> str:
        """The command that resumes this run."""
        return self.next_steps.again(self.asked.arguments)

    @property
    def again(self) -> str:
        """The command that goes on from a run: the same, or the whole of it."""
        return self.whole if self.exit_code == PARTIAL else self.resume

    @property
    def next_steps(self) -> NextSteps:
        """How the next commands begin and end, so that they mean the same target and incident."""
        return next_steps(self.asked.arguments, self.asked.command)
