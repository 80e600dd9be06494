"""Whether a way back was rehearsed, what it loses, and how that went: by the stamp on the host."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from pytest_rollback.agent.database.messages import DatabaseProblem
from pytest_rollback.agent.database.previous.downgrade.messages import (
    DowngradeRehearsal,
    DowngradeState,
)
from pytest_rollback.agent.messages.rollback.migrations import ReadFile
from pytest_rollback.errors import Refused
from pytest_rollback.evidence.data_return import DataLoss
from pytest_rollback.extras.database.rehearsed import days, hints, moment
from pytest_rollback.manifest.thresholds import DatabaseRehearsal
from pytest_rollback.text.quantities import count

AGAIN = "rollback rehearse"
UNPROVEN = (
    f"{AGAIN}; or migrate unproven: required = false in [database.rehearsal]; or keep the database "
    "as it is: return = 'keep' in [database]"
)
UNCOUNTED = "what nobody has counted, as no good rehearsal tells"
MOST = 5
"""Tables and columns that are named."""


def unproven(found: DowngradeState, wanted: DatabaseRehearsal) -> tuple[DatabaseProblem, ...]:
    """Return why a way back that is to be gone now is not known to be good; nothing if it is."""
    problem = fault(found) if wanted.required else ""
    if not problem and not wanted.required and not found.is_known and fault(found):
        problem = f"nothing tells which head the previous release needs: {found.needs}"
    return (DatabaseProblem(problem, UNPROVEN),) if problem else ()


def faults(found: DowngradeState, wanted: DatabaseRehearsal, now: float) -> Iterator[str]:
    """Yield why a rehearsal proves nothing, or not any more; `now` is in seconds since 1970."""
    yield from (each.problem for each in found.faults)
    problem = fault(found)
    if problem:
        yield problem
    if found.last and now - found.last.when > wanted.max_age:
        yield (
            f"the last rehearsal was {days(now - found.last.when)} ago, more than "
            f"{days(wanted.max_age)}"
        )


def fault(found: DowngradeState) -> str:
    """Return what is wrong with the last rehearsal, whenever it was; "" where nothing is."""
    last = found.last
    if last is None:
        return "no way back of the database was rehearsed"
    begins = f"the last rehearsal, {moment(last.when)}, was"
    for then, today, words in (
        (last.subject, found.subject, f"of another database: {last.subject}"),
        (last.record, found.record, "with another backup set"),
        (last.commands, found.commands, "of other commands than [database.migrate] runs now"),
        (last.files, found.files, f"with other files: {altered(last.files, found.files)}"),
    ):
        if then != today:
            return f"{begins} {words}"
    if last.problems:
        more = len(last.problems) - 1
        return f"the rehearsal of {moment(last.when)} failed: {last.problems[0].problem}" + (
            f"; and {more} more" if more else ""
        )
    if last.before.digest != found.head.digest and not found.begun and not found.is_there:
        return f"{begins} from {last.before.words}, and the live database is at {found.head.words}"
    return ""


def altered(then: Sequence[ReadFile], today: Sequence[ReadFile]) -> str:
    """Return which of the files that commands read are others than they were."""
    was, now = ({each.path: each.digest for each in files} for files in (then, today))
    said = [
        *(f"{each} has changed" for each in was if each in now and was[each] != now[each]),
        *(f"{each} is gone" for each in was if each not in now),
        *(f"{each} was added" for each in now if each not in was),
    ]
    more = f" and {len(said) - MOST} more" if len(said) > MOST else ""
    return ", ".join(said[:MOST]) + more


def hint(found: DowngradeState) -> str:
    """Return what to do about a rehearsal that proves nothing."""
    if found.faults:
        return hints(found.faults)
    last = found.last
    now = (found.commands, found.record, found.files)
    stale = last is None or (last.commands, last.record, last.files) != now
    return AGAIN if stale or not last or not last.problems else f"{hints(last.problems)}"


def cost(database: str, found: DowngradeState) -> DataLoss | None:
    """Return what a way back loses, as it was counted in the rehearsal; None for nothing."""
    last = found.last
    if last is None or fault(found):
        return DataLoss(database, 0.0, None, "migrating", UNCOUNTED)
    said = list(losses(last))
    rows = lost(last)
    if not rows:
        return None
    more = f", and of {len(said) - MOST} more" if len(said) > MOST else ""
    return DataLoss(database, 0.0, rows, "migrating", f"{', '.join(said[:MOST])}{more}")


def lost(last: DowngradeRehearsal) -> int:
    """Return how many rows, and values in columns that are gone, a way back loses."""
    rows = sum(each.live - each.restored for each in last.tables)
    return rows + sum(each.values for each in last.columns)


def losses(last: DowngradeRehearsal) -> Iterator[str]:
    """Yield what a way back loses."""
    for each in last.tables:
        yield f"{count(each.live - each.restored, 'row')} of {each.table}"
    for one in last.columns:
        if one.values:
            yield f"{count(one.values, 'value')} of {one.column}"


def judged(last: DowngradeRehearsal) -> None:
    """Say that a way back is good enough.

    Raises:
        Refused: it is not.
    """
    if last.problems:
        raise Refused(
            "the way back of the database is not good enough",
            findings=[each.problem for each in last.problems],
            hint=hints(last.problems),
        )


def lines(last: DowngradeRehearsal) -> Iterator[str]:
    """Yield what a rehearsal was."""
    yield f"migrated on {moment(last.when)}, a copy with all rows: {last.before.words}"
    for each in last.steps:
        yield f"  ran        {each.words}: {each.seconds:.1f} s, then {each.head.words}"
    yield f"  reads      {reads(last.files)}"
    yield f"  server     a PostgreSQL {last.server} of its own, {last.seconds:.1f} s in all"
    if last.forward is not None:
        yield f"  undo       up leads back to {last.before.words}, in {last.forward:.1f} s"
    said = list(losses(last))
    yield from (f"  loses      {each}" for each in said[:MOST])
    if len(said) > MOST:
        yield f"  loses      of {count(len(said) - MOST, 'more table or column')}"
    empty = [each.column for each in last.columns if not each.values]
    yield from (f"  takes away the empty column {each}" for each in empty[:MOST])
    yield from (f"  takes away {each}" for each in last.gone[:MOST])


def reads(files: Sequence[ReadFile]) -> str:
    """Return what commands read of the live release, as far as that is known."""
    if not files:
        return "nobody knows which files: name them, files in [database.migrate]"
    more = f" and {len(files) - MOST} more" if len(files) > MOST else ""
    return f"{', '.join(each.path for each in files[:MOST])}{more}"


def shown(last: DowngradeRehearsal | None) -> dict[str, Any] | None:
    """Return a rehearsal as a report has it; None where there was none."""
    if last is None:
        return None
    return {
        **last._asdict(),
        "when": moment(last.when),
        "before": last.before.words,
        "after": last.after.words,
        "steps": [{**each._asdict(), "head": each.head.words} for each in last.steps],
        "tables": [each._asdict() for each in last.tables],
        "columns": [each._asdict() for each in last.columns],
        "problems": [each._asdict() for each in last.problems],
        "files": [each._asdict() for each in last.files],
    }
