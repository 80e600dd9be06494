"""The top of the page: verdict, key figures, and the run."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pytest_rollback.report.html.criteria import counts
from pytest_rollback.report.html.presenter import finite
from pytest_rollback.text.quantities import NOTHING, VERDICTS, clock, moment, span

if TYPE_CHECKING:
    from pytest_rollback.report.html.presenter import Excerpt, Presenter
    from pytest_rollback.run.run_record import ReleaseRecord, RunRecord


KINDS = {"rollback": "Rollback report", "drill": "Drill report", "check": "Report"}
"""What a report is called, by what the run was."""


class Tile(NamedTuple):
    """A big number, what it counts, and what it means."""

    number: str
    noun: str
    note: str
    tone: str


class Verdict(NamedTuple):
    """The banner."""

    word: str
    tone: str
    sentence: str
    system: str
    target: str
    connection: str
    demonstration: bool
    kind: str
    tiles: tuple[Tile, ...]
    counts: dict[str, int]
    total: int
    reasons: Excerpt[str]
    not_evaluated: Excerpt[str]
    not_applicable: Excerpt[str]
    resume: str
    run: str


def minutes(record: RunRecord) -> Tile:
    """Return how much of the recovery time objective was used."""
    elapsed, rto, margin = map(finite, (record.elapsed, record.rto, record.margin))
    noun = f"used of {clock(rto)}" if rto is not None else "used"
    if elapsed is None:
        return Tile("not measured", noun, "", "idle")
    left = rto - elapsed if margin is None and rto is not None else margin
    if left is None:
        return Tile(clock(elapsed), noun, "", "idle")
    note = f"{clock(abs(left))} {'too late' if left < 0 else 'left'}"
    # Time to spare is no comfort where the system did not recover in it.
    calm = "good" if VERDICTS.get(record.verdict) == "good" else "idle"
    return Tile(clock(elapsed), noun, note, "bad" if left < 0 else calm)


def suffered(seconds: float | None, noun: str, note: str, tone: str) -> Tile:
    """Return how long users got something else than the system."""
    if seconds is None:
        return Tile("not measured", noun, "", "idle")
    return Tile(span(seconds), noun, note, tone if seconds else "good")


def tiles(record: RunRecord) -> tuple[Tile, ...]:
    """Return the three big numbers; none for a run without any, such as a readiness check."""
    outage, page = finite(record.outage_seconds), finite(record.maintenance_seconds)
    if finite(record.elapsed) is None and outage is None and page is None:
        return ()
    return (
        minutes(record),
        suffered(outage, "outage", "users got errors", "doubt"),
        suffered(page, "maintenance page", "users got this page", "note"),
    )


def tone(record: RunRecord, word: str) -> str:
    """Return the banner's colour; a good verdict that came too late is not quite good."""
    found = VERDICTS.get(word, "doubt")
    return "doubt" if found == "good" and (finite(record.margin) or 0) < 0 else found


def verdict(record: RunRecord, present: Presenter) -> Verdict:
    """Return the banner of a run."""
    word = present.text(record.verdict, 40) or "INCONCLUSIVE"
    return Verdict(
        word=word,
        tone=tone(record, word),
        sentence=present.text(record.sentence, 400).removeprefix(word).strip(" :,"),
        system=present.text(record.system, 80),
        target=present.text(record.target.name, 80),
        connection=present.text(record.target.connection, 200),
        demonstration=record.target.demonstration,
        kind=KINDS.get(record.kind, "Report"),
        tiles=tiles(record),
        counts=counts(record.criteria),
        total=len(record.criteria),
        reasons=present.texts(record.reasons),
        not_evaluated=present.texts(record.not_evaluated),
        not_applicable=present.texts(record.not_applicable),
        resume=present.text(record.resume, 2000),
        run=present.text(record.run, 80),
    )


def release(found: ReleaseRecord, present: Presenter) -> str:
    """Return a release by name and commit."""
    name = present.text(found.name, 120)
    commit = present.text(found.commit, 12).split(" ", 1)[0]
    return f"{name} ({commit})" if name and commit else name or commit or NOTHING


def facts(record: RunRecord, present: Presenter) -> tuple[tuple[str, str], ...]:
    """Return what identifies the run, the most important first."""

    def when(text: str | None) -> str:
        return moment(present.text(text, 80))

    place = [present.text(record.target.name, 80), present.text(record.target.connection, 200)]
    return (
        ("System", present.text(record.system, 80) or NOTHING),
        ("Target", " · ".join(each for each in place if each) or NOTHING),
        ("Incident", present.text(record.incident, 120) or "none given"),
        ("Operator", present.text(record.operator, 120) or NOTHING),
        ("Rolled back from", release(record.current, present)),
        ("Rolled back to", release(record.previous, present)),
        ("Data", present.text(record.data.sentence, 400) or "no database is described"),
        ("Started", when(record.started)),
        ("Decided", when(record.decided)),
        ("Finished", when(record.finished)),
        ("Run", present.text(record.run, 80) or NOTHING),
    )
