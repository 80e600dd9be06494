"""A restore of a SQLite dump, rehearsed: in a scratch directory, held against the live file.

The live file is only read, by its owner; each table is counted in a transaction of its own. What
was found is left as a stamp in the state directory, a failure as much as a success.
"""

from __future__ import annotations

import hashlib
import time
from typing import Any, Dict, Iterator, List, NamedTuple, Tuple

from ...errors import HostError
from ...state.directory import record_of
from ...system import disk
from .. import differences, stamp
from ..differences import ComparedDatabases, Objects
from ..events import CHANGED, some
from ..messages import (
    DatabaseProblem,
    DatabaseRequest,
    DatabaseState,
    NewerRows,
    Rehearsal,
    RehearsalRequest,
)
from ..record import is_deployed, of_dump
from ..rehearsal import alike
from ..rehearsal.alike import Alike
from . import alike_rows, check, library, live
from . import dump as dumps
from .check import Facts
from .live import LiveFile

RESERVE = 256 << 20
"""Bytes that stay free beside a rehearsal, or it ends."""


class FileTrial(NamedTuple):
    """What came of a restore in a scratch directory, and what is live; `restored` may be empty."""

    looked: DatabaseState
    restored: Facts
    now: Facts
    compared: ComparedDatabases
    alike: Alike = Alike()


def rehearse(request: RehearsalRequest) -> Rehearsal:
    """Rehearse the restore of a dump; return what it would bring back, and leave a stamp.

    Raises:
        HostError: nothing could be tried: the live file cannot be read, or there is no room.
    """
    location, began = request.location, time.monotonic()
    request = request._replace(database=request.database._replace(scratch=request.scratch))
    with stamp.alone(location.state):
        there = live.found(request.database)
        refuse_large(request, there)
        trial = tried(request, there)
        told = _told(request, trial, tuple(newer_rows(request, there, trial.restored)))
        told = told._replace(seconds=round(time.monotonic() - began, 3))
        stamp.write(location.state, told)
    return told


def tried(request: RehearsalRequest, there: LiveFile) -> FileTrial:
    """Read the live file, and restore the dump into a scratch directory.

    Raises:
        HostError: the live file cannot be read, or the dump is another one meanwhile.
    """
    database = request.database
    now = live_facts(there, request)
    looked = check.look(DatabaseRequest(request.location, database, request.timeout))
    restored: Facts = {}
    keys = alike_rows.keys(there, request.timeout) if looked.format else {}
    if looked.format:
        asked = check.reading(database, there, request.timeout)
        questions = [*map(latest, request.newest), *alike_rows.queries(keys)]
        state, restored = dumps.read(asked, questions)
        restored = {} if state.problems or state.timed_out else restored
    if restored and restored["digest"] != looked.digest:
        raise HostError(*CHANGED)
    compared = check.compared(database, restored or EMPTY, now, request.tolerance, request.ignore)
    rows = restored.get("asked", ())[len(request.newest) :]
    found = alike_rows.alike_rows(compared, there, request.timeout, list(zip(keys.items(), rows)))
    return FileTrial(looked, restored, now, compared, found)


def _told(request: RehearsalRequest, trial: FileTrial, newer: Tuple[NewerRows, ...]) -> Rehearsal:
    """Return what is told of a rehearsal."""
    looked, restored, now, compared, same = trial
    problems, schema = of_dump(looked.problems, request.location, request.database.dump), []
    if restored:
        problems += [*differences.differences(compared), *unknown(compared)]
        schema = [*differences.schema(compared), *altered(compared, restored, now)]
        schema += alike.problems(compared, same)
    deployed = is_deployed(request.location)
    problems += [] if deployed else schema
    return Rehearsal(
        when=time.time(),
        made=dumps.made(request.database.dump),
        digest=looked.digest,
        bytes=looked.bytes,
        format=looked.format,
        record=record_of(request.location.state),
        head=hashlib.sha256("\n".join(now["columns"]).encode()).hexdigest(),
        server=now["version"],
        restore=round(restored.get("seconds", 0.0), 3),
        seconds=0.0,
        size=restored.get("size", 0),
        tables=len(restored.get("tables", ())),
        rows=sum(rows or 0 for rows, _ in restored.get("tables", {}).values()),
        lost=tuple(differences.losses(compared)),
        newer=newer,
        problems=tuple({each.problem: each for each in problems}.values()),
        unsure=tuple(schema) if deployed else (),
        deployed=deployed,
        subject=stamp.subject(request.database),
        tolerance=request.tolerance,
        ignore=request.ignore,
    )


EMPTY: Facts = {"tables": {}, "columns": [], "size": 0}


def live_facts(there: LiveFile, request: RehearsalRequest) -> Facts:
    """Return what the live file holds.

    Raises:
        HostError: it cannot be read, and nothing can be compared.
    """
    try:
        return check.read(there, request.timeout)
    except library.UnfitDatabase as problem:
        raise HostError(f"the database {there.path} {problem.message}", problem.hint) from problem


def refuse_large(request: RehearsalRequest, there: LiveFile) -> None:
    """Raise that there is no room or no time for a rehearsal."""
    size = there.status.st_size
    if size > request.largest:
        raise HostError(
            f"the database {there.path} has {size:,} bytes, more than the {request.largest:,} "
            "that are rehearsed",
            "rehearse on another host, with a copy of the dump; or set largest in "
            "[database.rehearsal]",
        )
    room = disk.room(disk.Need(disk.existing(request.scratch), 2 * size + RESERVE))
    if not room.enough:
        raise HostError(
            f"no room for a rehearsal: {room.mount} has {room.free:,} bytes free, it needs "
            f"{room.need:,}",
            f"free space there, see df {request.scratch}; or set scratch in [database.rehearsal]",
        )


def unknown(compared: ComparedDatabases) -> Iterator[DatabaseProblem]:
    """Yield live tables of which nobody knows the rows: writers would have waited for the count."""
    tables = compared.live.tables
    unknown_: List[str] = [each for each in compared.tables if tables[each].rows is None]
    if unknown_:
        yield DatabaseProblem(
            f"nobody knows how many rows {len(unknown_)} of {len(tables)} live tables have: "
            f"{some(unknown_)}; writers would wait while they are counted",
            "as the service's account: sqlite3 LIVE 'ANALYZE'; or have the service use a log: "
            "PRAGMA journal_mode = WAL",
        )


def altered(compared: ComparedDatabases, restored: Facts, now: Facts) -> Iterator[DatabaseProblem]:
    """Yield what else than rows the restored database has not, or has otherwise."""
    lists = (objects(each, compared) for each in (restored, now))
    yield from differences.objects(compared, *lists)


def objects(facts: Facts, compared: ComparedDatabases) -> Objects:
    """Return what a database is made of, but for what is on tables to ignore."""
    found = {
        f"{kind} {name}": words
        for kind, name, table, words in facts["objects"]
        if not differences.is_ignored(table, compared.ignore)
    }
    numbers = ("user_version", "application_id")
    return {**found, **{name: str(facts[name]) for name in numbers if facts[name]}}


def parts(column: str) -> Tuple[str, str]:
    """Return the table and the column of `table.column`, each as SQL; a schema is left out."""
    words = [each.strip('"').replace('"', '""') for each in column.split(".")]
    return f'"{words[-2]}"', f'"{words[-1]}"'


def latest(column: str) -> Tuple[str, Tuple[str, ...]]:
    """Return the question for the newest value of a column."""
    table, field = parts(column)
    return f"SELECT max({field}) FROM {table}", ()  # noqa: S608 - quoted


def newer_rows(
    request: RehearsalRequest, there: LiveFile, restored: Dict[str, Any]
) -> Iterator[NewerRows]:
    """Yield how many live rows are newer than the dump, by the columns that were named."""
    for column, rows in zip(request.newest, restored.get("asked", ())):
        table, field = parts(column)
        value = rows[0][0]
        where = f" WHERE {field} > ?" if value is not None else ""
        query = (f"SELECT count(*) FROM {table}{where}", [value] if where else [])  # noqa: S608
        path = there.path
        said = library.asked("read", there.account, request.timeout, path=path, queries=[query])
        yield NewerRows(column, int(said[0][0][0]))
