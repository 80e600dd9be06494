"""The top of the page: what somebody with ten seconds has to know, and about which run."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pytest_rollback.report.html.criteria import counts
from pytest_rollback.text.quantities import NOTHING, VERDICTS, clock, moment, span

if TYPE_CHECKING:
    from pytest_rollback.report.html.reader import Excerpt, Row


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
    tiles: tuple[Tile, ...]
    counts: dict[str, int]
    total: int
    reasons: Excerpt[str]
    resume: str
    run: str


def minutes(record: Row) -> Tile:
    """Return how much of the recovery time objective was used."""
    elapsed, rto, margin = (record.number(key) for key in ("elapsed", "rto", "margin"))
    noun = f"used of {clock(rto)}" if rto is not None else "used"
    if elapsed is None:
        return Tile("not measured", noun, "", "idle")
    left = rto - elapsed if margin is None and rto is not None else margin
    if left is None:
        return Tile(clock(elapsed), noun, "", "idle")
    note = f"{clock(abs(left))} {'too late' if left < 0 else 'to spare'}"
    return Tile(clock(elapsed), noun, note, "bad" if left < 0 else "good")


def suffered(seconds: float | None, noun: str, note: str, tone: str) -> Tile:
    """Return how long users got something else than the system."""
    if seconds is None:
        return Tile("not measured", noun, "", "idle")
    return Tile(span(seconds), noun, note, tone if seconds else "good")


def tiles(record: Row) -> tuple[Tile, ...]:
    """Return the three big numbers; none for a run without any, such as a readiness check."""
    outage, page = record.number("outage_seconds"), record.number("maintenance_seconds")
    if record.number("elapsed") is None and outage is None and page is None:
        return ()
    return (
        minutes(record),
        suffered(outage, "outage", "users got errors", "doubt"),
        suffered(page, "maintenance page", "users were told", "note"),
    )


def tone(record: Row, word: str) -> str:
    """Return the banner's colour; a good verdict that came too late is not quite good."""
    found = VERDICTS.get(word, "doubt")
    return "doubt" if found == "good" and (record.number("margin") or 0) < 0 else found


def verdict(record: Row) -> Verdict:
    """Return the banner of a run."""
    word = record.text("verdict", 40) or "INCONCLUSIVE"
    target = record.row("target")
    rows = record.rows("criteria")
    return Verdict(
        word=word,
        tone=tone(record, word),
        sentence=record.text("sentence", 400).removeprefix(word).strip(" :,"),
        system=record.text("system", 80),
        target=target.text("name", 80),
        connection=target.text("connection", 200),
        demonstration=target.flag("demonstration"),
        tiles=tiles(record),
        counts=counts(rows),
        total=len(rows),
        reasons=record.texts("reasons"),
        resume=record.text("resume", 2000),
        run=record.text("run", 80),
    )


def release(row: Row) -> str:
    """Return a release by name and commit."""
    name, commit = row.text("name", 120), row.text("commit", 12).split(" ", 1)[0]
    return f"{name} ({commit})" if name and commit else name or commit or NOTHING


def facts(record: Row) -> tuple[tuple[str, str], ...]:
    """Return what identifies the run, in the order somebody asks for it."""
    target = record.row("target")
    place = [target.text("name", 80), target.text("connection", 200)]
    times = {name: moment(record.text(name, 80)) for name in ("started", "decided", "finished")}
    return (
        ("System", record.text("system", 80) or NOTHING),
        ("Target", " · ".join(each for each in place if each) or NOTHING),
        ("Incident", record.text("incident", 120) or "none given"),
        ("Operator", record.text("operator", 120) or NOTHING),
        ("Rolled back from", release(record.row("current"))),
        ("Rolled back to", release(record.row("previous"))),
        ("Started", times["started"]),
        ("Decided", times["decided"]),
        ("Finished", times["finished"]),
        ("Run", record.text("run", 80) or NOTHING),
    )
