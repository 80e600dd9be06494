"""The database of the system: is it that of the dump, and could the dump be restored?"""

from __future__ import annotations

import os
import shlex
import tempfile
from typing import Iterator, Optional

from ...files import lookup
from ...messages.system import Room
from ...system import disk
from .. import naming
from ..dump_file import lines_of
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
from . import catalog, clone, contents, dump_header, load, sql_script, tools
from . import dump as dumps
from .catalog import Catalog
from .server import Server, directory, reached


def look(request: DatabaseRequest) -> DatabaseState:
    """Return whether the live database is that of the dump, or what prevents a restore.

    Raises:
        HostError: the server does not answer.
    """
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
        role=found.role["name"],
        size=live.row["size"] if live else None,
        rooms=(),
        swap=DatabaseSwap(*(swapped[key] for key in DatabaseSwap._fields)) if swapped else None,
        problems=tuple(clone.lacking(found, wanted.live)),
    )
    try:
        return _compared(request, server, found, state)
    except OSError as error:
        why = f"the dump {database.dump}: {error.strerror or 'cannot be read'}"
        problem = DatabaseProblem(why, "correct dump in [database], or make a dump")
        return state._replace(problems=(*state.problems, problem))


def _compared(
    request: DatabaseRequest, server: Server, found: Catalog, state: DatabaseState
) -> DatabaseState:
    """Return the state with what is known of the dump; one that is live is not read again."""
    location, database = request.location, request.database
    wanted = naming.names(database.name, location.run)
    known = written(location, RESTORING)
    if known and known["stamp"] == load.stamp(database.dump):
        digest, size, kind = known["digest"], known["bytes"], known["format"]
    else:
        with load.opened(database.dump) as source:
            digest, size, kind = source.sha256, source.bytes, source.kind
    state = state._replace(digest=digest, bytes=size, format=kind)
    if is_live(found, wanted, digest, record_start(location)):
        return state._replace(restored=True, problems=())
    rooms = _rooms(request, server, found, size)
    problems = (
        *clone.lacking(found, wanted.live),
        *clone.unsettable(server, found, wanted.live),
        *_unfit(request, server, found, kind),
        *late(location, database.dump),
        *(DatabaseProblem(_short(room), "free space there") for room in rooms if not room.enough),
    )
    return state._replace(rooms=rooms, problems=problems)


def _short(room: Room) -> str:
    return (
        f"{room.mount} has no space for a second copy of the database: it needs "
        f"{room.need:,} bytes, {room.free:,} are free"
    )


def is_live(found: Catalog, wanted: DatabaseNames, digest: str, record: str) -> bool:
    """Return whether the live database was restored from this dump, since this backup set is."""
    live = found.databases.get(wanted.live)
    mark = live.mark if live else None
    return mark is not None and (mark.state, mark.dump, mark.record) == ("live", digest, record)


def _rooms(request: DatabaseRequest, server: Server, found: Catalog, size: int) -> tuple[Room, ...]:
    """Return need and room on the server's disk; nothing where that is not ours to see."""
    place, live = directory(server), found.databases.get(request.database.name)
    if not place:
        return ()
    held = (live.row["size"] or 0) if live else 0
    needs = [disk.Need(place, max(held, 2 * size))]
    if lookup.kind(request.database.dump) == "directory" and server.account:
        needs.append(disk.Need(tempfile.gettempdir(), size))
    return disk.rooms(needs)


def _unfit(
    request: DatabaseRequest, server: Server, known: Catalog, kind: str
) -> Iterator[DatabaseProblem]:
    """Yield why a dump cannot be relied on, read to its end; or would do more than it should."""
    path, place = request.database.dump, server.tools
    found = dumps.look(DumpRequest(path, place, request.timeout, server.account))
    version = tools.major(known.role["version"])
    made_by = newer(request.database, version) if found.problems else None
    hint = made_by.hint if made_by else "dump again: pg_dump -Fc, with umask 077"
    if kind and not found.tool:
        hint = tools.way(dumps.TOOLS.get(kind, dumps.ARCHIVER), place)
    for words in found.problems:
        more = f"; {made_by.problem}" if made_by else ""
        yield DatabaseProblem(f"the dump {path} {words}{more}", hint)
    if found.timed_out:
        late = f"the dump {path} could not be read in {request.timeout:.0f} s"
        yield DatabaseProblem(late, "keep a standby, or set a larger rto")
    elif not found.problems and found.tool:
        yield from _held(request, server, known, kind, found.tool)


def newer(database: DatabaseAccess, version: str) -> Optional[DatabaseProblem]:
    """Return that a dump was made by a newer `pg_dump` than a server is, None where it was not.

    That alone is no fault; but what such a dump says an older server may not know.
    """
    about = dump_header.of_any(database.dump)
    if not about.is_newer_than(version):
        return None
    tool = os.path.join(tools.PLACES[0].format(version), "pg_dump")
    words = shlex.join([tool, "-Fc", "-f", database.dump, database.name])
    return DatabaseProblem(
        f"it was made by pg_dump {about.tool}, which is newer than the server: that is {version}",
        f"dump again by its own version: (umask 077; {words}), which is of the package "
        f"postgresql-client-{version}; then rollback rehearse",
    )


def _held(
    request: DatabaseRequest, server: Server, known: Catalog, kind: str, tool: str
) -> Iterator[DatabaseProblem]:
    """Yield what a dump holds too much, and what it lacks beside the live database."""
    path, name = request.database.dump, request.database.name
    if kind in dumps.TOOLS:
        text = dumps.blocks(dumps.Dump(path, kind, 0, 0.0, ""), float("inf"))
        script = sql_script.read(lines_of(text))
        yield from _leaving(path, script.refused)
        dumped = script.tables
    else:
        dumped = contents.listed(dumps.listing(path, tool, request.timeout, server.account))
    if name in known.databases and known.databases[name].row["size"] is not None:
        live = contents.live(server, name)
        yield from contents.problems(dumped, live, known.role["name"], path)


def _leaving(path: str, refused: list[str]) -> list[DatabaseProblem]:
    """Return what a plain dump would do outside of the database that it is restored into."""
    said = [f"the dump {path} changes objects outside the database: {each}" for each in refused]
    hint = "dump one database without --create: pg_dump -Fc, not pg_dumpall"
    return [DatabaseProblem(words, hint) for words in said[: sql_script.MOST]]
