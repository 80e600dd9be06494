"""What the page of all runs says of one run, from its record or, without one, from its timeline."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pytest_rollback.evidence import archive, signoffs
from pytest_rollback.evidence.afterwards import UNDONE
from pytest_rollback.evidence.events import RunBegan, RunFinished, first
from pytest_rollback.evidence.json_data import Flag, Number, loads
from pytest_rollback.evidence.run_folder import DATA, REPORT
from pytest_rollback.run.run_record import WELL, RunRecord, salvaged

FLEET = "fleet.json"
"""The record of a run over a fleet, which has a page of its own."""


@dataclass(frozen=True)
class RunSummary:
    """One run in the page of all runs.

    Args:
        run, verdict, sentence, system, incident, operator: as in the record.
        started, finished: times of day, ISO 8601 in UTC.
        rto, elapsed, outage_seconds, maintenance_seconds, max_age: seconds, as in the record.
        scenario: how the sandbox's release was made bad.
        target, demonstration: the target's name, and whether it was the sandbox.
        manifest: the hash of rollback.toml.
        suites: the suites that took part.
        kind: a rollback, a drill, or a check; "" where the record is older.
        drilled: whether the run proves that a rollback works: carried out, and recovered.
        afterwards: what became of it since, in sentences that begin with the word for it.
        report, archive: whether these files are there.
    """

    run: str = ""
    verdict: str | None = None
    sentence: str | None = None
    system: str | None = None
    incident: str | None = None
    operator: str | None = None
    started: str | None = None
    finished: str | None = None
    rto: Number | None = None
    elapsed: Number | None = None
    outage_seconds: Number | None = None
    maintenance_seconds: Number | None = None
    scenario: str | None = None
    max_age: Number | None = None
    target: str | None = None
    demonstration: Flag = False
    manifest: str | None = None
    suites: tuple[str, ...] = ()
    kind: str = ""
    drilled: Flag = False
    afterwards: tuple[str, ...] = ()
    report: Flag = False
    archive: Flag = False

    @property
    def told(self) -> tuple[str, ...]:
        """The suites as they are shown: what was serious is called no drill."""
        serious = self.kind == "rollback"
        return tuple("rollback" if serious and each == "drill" else each for each in self.suites)


def summary(folder: Path) -> RunSummary:
    """Return what the page says of the run in a folder; of a damaged record what can be read."""
    try:
        data = loads((folder / DATA).read_bytes())
    except (OSError, ValueError):
        return unfinished(folder)
    if not isinstance(data, dict):
        return unfinished(folder)
    record = salvaged(data)
    return RunSummary(
        run=folder.name,
        verdict=record.verdict,
        sentence=record.sentence,
        system=record.system,
        incident=record.incident,
        operator=record.operator,
        started=record.started,
        finished=record.finished,
        rto=record.rto,
        elapsed=record.elapsed,
        outage_seconds=record.outage_seconds,
        maintenance_seconds=record.maintenance_seconds,
        scenario=record.scenario,
        max_age=record.max_age,
        target=record.target.name,
        demonstration=record.target.demonstration,
        manifest=record.manifest.sha256,
        suites=tuple(sorted({each.suite for each in record.criteria if each.suite})),
        kind=record.kind,
        drilled=is_drilled(record),
        afterwards=record.afterwards,
        report=(folder / REPORT).is_file(),
        archive=archive.archive_of(folder).is_file(),
    )


def is_drilled(record: RunRecord) -> bool:
    """Return whether a run proves that a rollback works: carried out, and recovered."""
    drill = any(each.suite == "drill" for each in record.criteria)
    return drill and record.decided is not None and record.verdict in WELL


def unfinished(folder: Path) -> RunSummary:
    """Return the summary of a run that is running or was killed, or is one over a fleet."""
    events = signoffs.events(folder)
    began = first(RunBegan, events) or RunBegan()
    ended = first(RunFinished, events)
    whole = (ended and ended.verdict == UNDONE) or (folder / FLEET).is_file()
    return RunSummary(
        run=folder.name,
        verdict=ended.verdict if ended and whole else "NOT FINISHED",
        started=events[0].at if events else None,
        target=began.target,
        incident=began.incident,
        operator=began.operator,
        scenario=began.scenario,
        demonstration=began.demonstration,
        report=(folder / REPORT).is_file(),
    )
