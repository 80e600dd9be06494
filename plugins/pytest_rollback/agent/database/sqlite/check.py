"""The live SQLite file: is it that of the dump, and could the dump be restored?"""

from __future__ import annotations

import os
from typing import Any, Dict, List, Optional, Tuple

from ...errors import HostError
from ...system import disk
from .. import dump_file, stamp
from ..differences import ComparedDatabases, DatabaseFacts, TableFacts, bare
from ..events import RESTORING, SWAPPED
from ..messages import (
    DatabaseAccess,
    DatabaseProblem,
    DatabaseRequest,
    DatabaseState,
    DatabaseSwap,
    DumpRequest,
)
from ..record import late, record_start, written
from . import dump as dumps
from . import library, live
from .live import LiveFile

Facts = Dict[str, Any]
"""What `worker` tells of a database: its tables with their rows, its objects, its size."""

EXPANDED = 4
"""Times the size of a dump that its database may have, where it is text or compressed."""


def with_rehearsal(request: DatabaseRequest) -> DatabaseState:
    """Return the state of the live database, with the last rehearsal of a restore, if any.

    Raises:
        HostError: the stamp of the rehearsal cannot be trusted.
    """
    last = stamp.of(request)
    found = look(request)
    made = dumps.made(request.database.dump) if found.format and not found.restored else 0.0
    return found._replace(rehearsal=last, made=made)


def look(request: DatabaseRequest) -> DatabaseState:
    """Return whether the live database is that of the dump, or what prevents a restore."""
    return examined(request)[0]


def examined(request: DatabaseRequest) -> Tuple[DatabaseState, Facts]:
    """Return the same, and what the dump holds; nothing where it was not read, or could not be."""
    location, database = request.location, request.database
    swapped = written(location, SWAPPED)
    state = DatabaseState(
        restored=False,
        digest="",
        bytes=0,
        format="",
        role="",
        size=None,
        rooms=(),
        swap=DatabaseSwap(*(swapped[key] for key in DatabaseSwap._fields)) if swapped else None,
        problems=(),
    )
    try:
        there: Optional[LiveFile] = live.found(database)
    except HostError as problem:
        there, state = None, state._replace(problems=(live.problem_of(problem),))
    if there:
        state = state._replace(role=there.account, size=there.status.st_size)
    try:
        return _compared(request, there, state)
    except OSError as error:
        why = f"the dump {database.dump}: {error.strerror or 'cannot be read'}"
        told = DatabaseProblem(why, "correct dump in [database], or make a dump")
        return state._replace(problems=(*state.problems, told)), {}


def _compared(
    request: DatabaseRequest, there: Optional[LiveFile], state: DatabaseState
) -> Tuple[DatabaseState, Facts]:
    """Return the state with what is known of the dump; one that is live is not read again."""
    location, database = request.location, request.database
    known = written(location, RESTORING)
    if known and tuple(known["stamp"]) == dump_file.stamp(database.dump):
        digest, size, kind = known["digest"], known["bytes"], known["format"]
    else:
        with dumps.opened(database.dump) as source:
            digest, size, kind = source.sha256, source.bytes, source.kind
    state = state._replace(digest=digest, bytes=size, format=kind)
    if there is None:
        return state, {}
    if live.restored(location.state, there) == (digest, record_start(location)):
        return state._replace(restored=True), {}
    grown = size if kind == "file" else EXPANDED * size
    needs = [disk.Need(os.path.dirname(there.path), max(2 * there.status.st_size, 2 * grown))]
    rooms = disk.rooms([*needs, disk.Need(database.scratch, grown)])
    unfit, facts = _unfit(request, there)
    short = (
        DatabaseProblem(
            f"{room.mount} has no space for a second copy of the database: it needs "
            f"{room.need:,} bytes, {room.free:,} are free",
            "free space there",
        )
        for room in rooms
        if not room.enough
    )
    problems = (*unfit, *late(location, database.dump), *short)
    return state._replace(rooms=rooms, problems=problems), facts


def _unfit(request: DatabaseRequest, there: LiveFile) -> Tuple[List[DatabaseProblem], Facts]:
    """Return why a dump cannot be relied on, read to its end, or what it lacks; and what it has."""
    database = request.database
    state, facts = dumps.read(reading(request.database, there, request.timeout))
    if state.timed_out:
        words = f"the dump {database.dump} could not be read in {request.timeout:.0f} s"
        return [DatabaseProblem(words, "keep a replica, or set a larger rto")], {}
    hint = again(database)
    found = [DatabaseProblem(f"the dump {database.dump} {each}", hint) for each in state.problems]
    if found:
        return found, {}
    try:
        now = read(there, request.timeout)
    except library.UnfitDatabase:
        return [], facts  # what is live is broken: no reason not to restore a rehearsed dump
    except HostError as problem:
        return [live.problem_of(problem)], facts
    return list(bare(compared(database, facts, now))), facts


def again(database: DatabaseAccess) -> str:
    """Return how to dump all of a database."""
    return f"dump again: (umask 077; sqlite3 {database.name} '.backup {database.dump}')"


def reading(database: DatabaseAccess, there: LiveFile, timeout: float) -> DumpRequest:
    """Return the request that reads the dump as whoever owns the live file."""
    whose = there.account or database.account
    return DumpRequest(database.dump, "", timeout, whose, database.scratch)


def read(there: LiveFile, timeout: float) -> Facts:
    """Return what the live file holds, by its own account; it is not written."""
    facts: Facts = library.asked("read", there.account, timeout, path=there.path)
    if not facts["writable"]:
        raise HostError(
            f"{there.account or 'this account'} may not make files beside {there.path}",
            f"chown {there.account or 'SERVICE'} {os.path.dirname(there.path)}",
        )
    return facts


def compared(
    database: DatabaseAccess,
    restored: Facts,
    now: Facts,
    tolerance: float = 0.0,
    ignore: Tuple[str, ...] = (),
) -> ComparedDatabases:
    """Return what a dump holds beside what the live file holds."""
    both = held(restored), held(now)
    way = again(database)
    return ComparedDatabases(database.dump, *both, tolerance, ignore, again=way, rows="")


def held(facts: Facts) -> DatabaseFacts:
    """Return what a database holds, as all engines tell it."""
    tables = {
        name: TableFacts(int(rows is None or rows > 0), rows, estimated, set())
        for name, (rows, estimated) in facts["tables"].items()
    }
    return DatabaseFacts(tables, {}, 0, ",".join(facts["columns"]), facts["size"])
