"""The live database: are its tables those of the dump, and could the dump be restored?"""

from __future__ import annotations

import shlex
from typing import Iterator, Tuple

from ...files import lookup
from ...messages.system import Room
from ...system import disk
from .. import dump_file, naming, stamp
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
from ..naming import DatabaseNames
from ..record import late, record_start, written
from . import catalog, facts
from . import dump as dumps
from .catalog import MariadbCatalog
from .client import MariadbServer, reached
from .dump import DumpText

EXPANDED = 12
"""Times the size of a compressed dump that its database may have."""


def with_rehearsal(request: DatabaseRequest) -> DatabaseState:
    """Return the state of the live database, with the last rehearsal of a restore, if any.

    Raises:
        HostError: the server does not answer, or the stamp of the rehearsal cannot be trusted.
    """
    return look(request)._replace(rehearsal=stamp.of(request))


def look(request: DatabaseRequest) -> DatabaseState:
    """Return whether the live tables are those of the dump, or what prevents a restore.

    Raises:
        HostError: the server does not answer.
    """
    return examined(request)[0]


def examined(request: DatabaseRequest) -> Tuple[DatabaseState, DumpText]:
    """Return the same, and what the dump says; nothing where it was not read."""
    location, database = request.location, request.database
    server = reached(database, location.run)
    wanted = naming.names(database.name, location.run)
    found = catalog.look(server, wanted)
    live = found.databases.get(wanted.live)
    swapped = written(location, SWAPPED)
    state = DatabaseState(
        restored=False,
        digest="",
        bytes=0,
        format="",
        role=found.user,
        size=live.size if live else None,
        rooms=(),
        swap=DatabaseSwap(*(swapped[key] for key in DatabaseSwap._fields)) if swapped else None,
        problems=tuple(catalog.problems(found, wanted)),
    )
    try:
        return _compared(request, server, found, state)
    except OSError as error:
        why = f"the dump {database.dump}: {error.strerror or 'cannot be read'}"
        problem = DatabaseProblem(why, "correct dump in [database], or make a dump")
        return state._replace(problems=(*state.problems, problem)), dumps.nothing()


def _compared(
    request: DatabaseRequest, server: MariadbServer, found: MariadbCatalog, state: DatabaseState
) -> Tuple[DatabaseState, DumpText]:
    """Return the state with what is known of the dump; one that is live is not read again."""
    location, database = request.location, request.database
    wanted = naming.names(database.name, location.run)
    known = written(location, RESTORING)
    if known and tuple(known["stamp"]) == dump_file.stamp(database.dump):
        digest, size, kind = known["digest"], known["bytes"], known["format"]
    else:
        with dumps.opened(database.dump) as source:
            digest, size, kind = source.sha256, source.bytes, source.kind
    state = state._replace(digest=digest, bytes=size, format=kind)
    if is_live(found, wanted, digest, record_start(location)):
        return state._replace(restored=True, problems=()), dumps.nothing()
    rooms = _rooms(server, found, wanted, size * (1 if kind == "plain" else EXPANDED))
    asked = DumpRequest(database.dump, database.tools, request.timeout)
    there, text = dumps.read(asked)
    problems = (
        *state.problems,
        *_unfit(request, server, found, there.timed_out, there.problems, text),
        *late(location, database.dump),
        *(DatabaseProblem(_short(room), "free space there") for room in rooms if not room.enough),
    )
    made = dumps.made(database.dump, text)
    return state._replace(rooms=rooms, problems=problems, made=made), text


def is_live(found: MariadbCatalog, wanted: DatabaseNames, digest: str, record: str) -> bool:
    """Return whether the live tables were restored from this dump, since this backup set is."""
    live = found.databases.get(wanted.live)
    mark = live.mark if live else None
    return mark is not None and (mark.state, mark.dump, mark.record) == ("live", digest, record)


def _rooms(
    server: MariadbServer, found: MariadbCatalog, wanted: DatabaseNames, size: int
) -> Tuple[Room, ...]:
    """Return need and room on the server's disk; nothing where that is not ours to see."""
    live = found.databases.get(wanted.live)
    is_here = server.host.startswith("/") and lookup.kind(found.place) == "directory"
    if not is_here:
        return ()
    return disk.rooms([disk.Need(found.place, max(live.size if live else 0, 2 * size))])


def _short(room: Room) -> str:
    return (
        f"{room.mount} has no space for a second copy of the database: it needs "
        f"{room.need:,} bytes, {room.free:,} are free"
    )


def again(database: DatabaseAccess) -> str:
    """Return how to dump all of a database."""
    name, dump = shlex.quote(database.name), shlex.quote(database.dump)
    return f"dump again: (umask 077; mariadb-dump --single-transaction {name} > {dump})"


def _unfit(  # noqa: PLR0917 - what was asked, who answers, and what was found
    request: DatabaseRequest,
    server: MariadbServer,
    found: MariadbCatalog,
    timed_out: bool,  # noqa: FBT001
    problems: Tuple[str, ...],
    text: DumpText,
) -> Iterator[DatabaseProblem]:
    """Yield why a dump cannot be relied on, read to its end; or what it lacks."""
    database = request.database
    if timed_out:
        words = f"the dump {database.dump} could not be read in {request.timeout:.0f} s"
        yield DatabaseProblem(words, "keep a replica, or set a larger rto")
    for each in problems:
        yield DatabaseProblem(f"the dump {database.dump} {each}", again(database))
    if timed_out or problems:
        return
    yield from newer(database.dump, text, found)
    if database.name in found.databases:
        now = facts.facts(server, database.name, 0)
        yield from bare(compared(database, said(text), now))


def newer(path: str, text: DumpText, found: MariadbCatalog) -> Iterator[DatabaseProblem]:
    """Yield that a dump is of a newer server than the live one."""
    theirs = catalog.VERSION.match(text.server)
    ours = catalog.VERSION.match(found.version)
    if theirs and ours and [*map(int, theirs.groups())] > [*map(int, ours.groups())]:
        yield DatabaseProblem(
            f"the dump {path} is of MariaDB {theirs[1]}.{theirs[2]}, and the live server is "
            f"{ours[1]}.{ours[2]}",
            "dump again, from the live server: mariadb-dump --single-transaction",
        )


def said(text: DumpText) -> DatabaseFacts:
    """Return what a dump would bring back by its words: tables, and which of them have rows."""
    tables = {
        name: TableFacts(int(name in text.filled), None, estimated=True, granted=set())
        for name in text.tables
    }
    return DatabaseFacts(tables, {}, 0, "", 0)


def compared(
    database: DatabaseAccess,
    restored: DatabaseFacts,
    now: DatabaseFacts,
    tolerance: float = 0.0,
    ignore: Tuple[str, ...] = (),
) -> ComparedDatabases:
    """Return what a dump holds beside what the live database holds."""
    way = again(database)
    return ComparedDatabases(
        database.dump, restored, now, tolerance, ignore, again=way, rows=", without --no-data"
    )
