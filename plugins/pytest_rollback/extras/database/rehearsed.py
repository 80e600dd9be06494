"""Whether a restore of the dump was rehearsed, and how that went: by the stamp on the host."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence

from pytest_rollback.agent.database.messages import DatabaseProblem, DatabaseState, Rehearsal
from pytest_rollback.evidence.data_return import DataLoss
from pytest_rollback.manifest.thresholds import DatabaseRehearsal

HINT = "rollback rehearse"
UNSURE = (
    "rehearse before a deploy, right after the dump: pg_dump, rollback rehearse, rollback save; or "
    "compare by hand, and waive readiness.database.rehearsed in [[waivers]] of rollback.toml"
)
"""What to do where a deploy may be why the schema differs."""

UNPROVEN = (
    f"{HINT}; or restore it unproven: required = false in [database.rehearsal]; or keep the "
    "database as it is: return = 'keep' in [database]"
)
"""What to do where a restore is wanted that nobody has tried."""


def unproven(found: DatabaseState, wanted: DatabaseRehearsal) -> tuple[DatabaseProblem, ...]:
    """Return why a dump that is to be restored now is not known to be good; nothing if it is."""
    problem = fault(found) if wanted.required else ""
    return (DatabaseProblem(problem, UNPROVEN),) if problem else ()


def faults(found: DatabaseState, wanted: DatabaseRehearsal, now: float) -> Iterator[str]:
    """Yield why a rehearsal proves nothing, or not any more; `now` is in seconds since 1970."""
    problem = fault(found)
    if problem:
        yield problem
    if found.rehearsal is None:
        return
    if now - found.rehearsal.when > wanted.max_age:
        yield (
            f"the last rehearsal was {days(now - found.rehearsal.when)} ago, more than "
            f"{days(wanted.max_age)}"
        )
    more = sorted(set(found.rehearsal.ignore) - set(wanted.ignore))
    if found.rehearsal.tolerance > wanted.tolerance or more:
        yield (
            "the last rehearsal was less strict than [database.rehearsal] is now: tolerance "
            f"{found.rehearsal.tolerance:.0%}" + (f", without {', '.join(more)}" if more else "")
        )
    if found.rehearsal.digest == found.digest:
        yield from aged(found.rehearsal, wanted, now)


def aged(last: Rehearsal, wanted: DatabaseRehearsal, now: float) -> Iterator[str]:
    """Yield that the dump of a rehearsal is too old."""
    if last.made and now - last.made > wanted.max_age:  # 0 where there was no dump
        yield (
            f"the dump was made {days(now - last.made)} ago, more than {days(wanted.max_age)}: a "
            "restore would lose as much"
        )


def fault(found: DatabaseState) -> str:
    """Return what is wrong with the last rehearsal, whenever it was; "" where nothing is."""
    last = found.rehearsal
    if last is None:
        return "no restore of the dump was rehearsed"
    if last.digest != found.digest:
        return f"the last rehearsal, {moment(last.when)}, was of another dump, or database"
    if last.problems:
        more = len(last.problems) - 1
        return f"the rehearsal of {moment(last.when)} failed: {last.problems[0].problem}" + (
            f"; and {more} more" if more else ""
        )
    return ""


def cost(database: str, found: DatabaseState, now: float) -> DataLoss:
    """Return what a restore of this dump loses `now`, in seconds since 1970."""
    last = found.rehearsal
    known = last is not None and last.digest == found.digest
    rows = sum(each.live - each.restored for each in last.lost) if last and known else None
    return DataLoss(database, max(0.0, now - found.made), rows)


def hint(found: DatabaseState, dumping: str = "pg_dump -Fc") -> str:
    """Return what to do about a rehearsal that proves nothing; `dumping` makes a dump."""
    last = found.rehearsal
    if last is None or last.digest != found.digest or not last.problems:
        return f"{dumping} anew where the dump is old, with umask 077; then {HINT}"
    return f"{hints(last.problems)}; then {HINT}"


def hints(problems: Sequence[DatabaseProblem]) -> str:
    """Return all hints as one; what several begin with is said once."""
    ways: dict[str, list[str]] = {}
    for each in problems:
        first, _, rest = each.hint.partition("; ")
        ways.setdefault(first, []).extend([rest] if rest else [])
    return " - or - ".join("; ".join([each, *dict.fromkeys(rest)]) for each, rest in ways.items())


def moment(seconds: float) -> str:
    """Return a time as people read it."""
    return f"{dt.datetime.fromtimestamp(seconds, dt.UTC):%Y-%m-%d %H:%M:%S} UTC"


def days(seconds: float) -> str:
    """Return a long time in its largest unit."""
    for unit, size in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} seconds"


def shown(found: Rehearsal | None) -> dict[str, object] | None:
    """Return a rehearsal as a report has it; None where there was none."""
    if found is None:
        return None
    return {
        **found._asdict(),
        "when": moment(found.when),
        "made": moment(found.made),
        "lost": [each._asdict() for each in found.lost],
        "newer": [each._asdict() for each in found.newer],
        "problems": [each._asdict() for each in found.problems],
        "unsure": [each._asdict() for each in found.unsure],
    }
