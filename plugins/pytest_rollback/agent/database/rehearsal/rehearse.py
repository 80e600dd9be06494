"""A restore, rehearsed: the dump goes into a throw-away server, and is held against the live data.

Nothing of the live server is written. What was found is left as a stamp in the state directory, a
failure as much as a success.
"""

from __future__ import annotations

import hashlib
import time
from typing import Iterator

from ...errors import HostError
from ...state.directory import record_of
from .. import differences, naming, stamp
from ..differences import NOTHING, ComparedDatabases, Rehearsed
from ..messages import (
    DatabaseAccess,
    DatabaseProblem,
    DatabaseRequest,
    DatabaseState,
    NewerRows,
    Rehearsal,
    RehearsalRequest,
)
from ..postgresql import catalog, check, clone, dump_header, tools
from ..postgresql import dump as dumps
from ..postgresql.catalog import Catalog
from ..postgresql.server import Server, reached
from ..record import is_deployed, of_dump
from . import alike, commands, facts, keeper, objects, origin, programs, scratch, source
from .alike_rows import alike_rows
from .guard import ServerLimits, ServerPlan

EMPTY = 100 << 20
"""Bytes that an empty server takes, with its log of changes."""

RESERVE = 256 << 20
"""Bytes that stay free beside a rehearsal, or it ends."""

EXPANDED = 4
"""Times the size of a dump that its database may have, where the live one is smaller."""

BYTES_A_SECOND = 20e6
"""About how fast a dump is restored; only for telling how long a large one would take."""


def rehearse(request: RehearsalRequest) -> Rehearsal:
    """Rehearse the restore of a dump; return what it would bring back, and leave a stamp.

    Raises:
        HostError: nothing could be tried: the server does not answer, this host has no programs
            for another one, or no room.
    """
    location, database, began = request.location, request.database, time.monotonic()
    with stamp.alone(location.state):
        server = reached(database)
        found = catalog.look(server, naming.names(database.name, location.run))
        version = tools.major(found.role["version"])
        plan = _planned(request, server, found, version)
        looked = check.look(DatabaseRequest(location, database, request.timeout))
        done = NOTHING
        if _is_tried(looked, found, database.dump):
            done = _tried(request, server, found, plan, looked.digest)
        told = _told(request, looked, done)._replace(
            server=version, seconds=round(time.monotonic() - began, 3)
        )
        stamp.write(location.state, told)
    return told


def _is_tried(looked: DatabaseState, found: Catalog, path: str) -> bool:
    """Return whether a dump is restored at all; what stands in the way is a problem already.

    A superuser's dump, and psql's own commands in a plain one, could do anything that the account
    can do, and not only in the throw-away server.
    """
    return bool(looked.format) and not found.role["super"] and source.is_tame(path, looked.format)


def _told(request: RehearsalRequest, looked: DatabaseState, done: Rehearsed) -> Rehearsal:
    """Return what is told of a rehearsal."""
    about = dump_header.of(request.database.dump, looked.format)
    columns = done.live.columns if done.live else ""
    tables = done.restored.tables.values() if done.restored else ()
    deployed = is_deployed(request.location)
    ours = of_dump(looked.problems, request.location, request.database.dump)
    problems = [*ours, *origin.problems(request, about), *done.problems]
    problems += () if deployed else done.schema
    return Rehearsal(
        when=time.time(),
        made=origin.made(request.database.dump, about),
        digest=looked.digest,
        bytes=looked.bytes,
        format=looked.format,
        record=record_of(request.location.state),
        head=hashlib.sha256(columns.encode("utf-8", "surrogateescape")).hexdigest(),
        server="",
        restore=round(done.restore, 3),
        seconds=0.0,
        size=done.restored.size if done.restored else 0,
        tables=len(tables),
        rows=sum(each.rows or 0 for each in tables),
        lost=tuple(differences.losses(_compared(request, done))) if done.restored else (),
        newer=done.newer,
        problems=tuple({each.problem: each for each in problems}.values()),
        unsure=done.schema if deployed else (),
        deployed=deployed,
        subject=stamp.subject(request.database),
        tolerance=request.tolerance,
        ignore=request.ignore,
    )


def _planned(request: RehearsalRequest, server: Server, found: Catalog, version: str) -> ServerPlan:
    """Return the server to start, once it is known that there is room and time for it."""
    name = request.database.name
    live = found.databases.get(name)
    if live is None:
        (problem,) = [each for each in clone.lacking(found, name) if "there is no" in each.problem]
        raise HostError(problem.problem, problem.hint)
    size = int(live.row["size"] or 0)
    if size > request.largest:
        minutes = size / BYTES_A_SECOND / 60
        raise HostError(
            f"the database {name} has {size:,} bytes, more than the {request.largest:,} that are "
            f"rehearsed: that would take about {minutes:.0f} min of this host",
            "rehearse on another host, with a copy of the dump; or set largest in "
            "[database.rehearsal]",
        )
    place = programs.programs(server, version)
    need = max(size, EXPANDED * _bytes(request.database.dump)) + EMPTY
    short = keeper.lacking(request.scratch, need, RESERVE)
    if short:
        raise HostError(
            f"no room for a rehearsal: {short}",
            f"free space there, see df {request.scratch}; or set scratch in [database.rehearsal]",
        )
    limits = ServerLimits(request.timeout, RESERVE)
    return commands.planned(place, version, request.scratch, limits)


def _bytes(path: str) -> int:
    """Return the bytes of a dump, 0 where there is none."""
    try:
        return dumps.found(path).bytes
    except OSError:
        return 0


def _tried(
    request: RehearsalRequest, server: Server, found: Catalog, plan: ServerPlan, digest: str
) -> Rehearsed:
    """Restore the dump with this digest into a throw-away server, and compare."""
    name, role = server.name, found.role
    with scratch.server(server, plan) as fresh:

        def check_in() -> None:
            if not answers(fresh):  # nobody waits any more, or time or room are used up
                raise HostError("the throw-away server is gone", "rollback rehearse")

        now = facts.facts(server, name, facts.COUNTED, check_in)
        trial = scratch.furnish(server, fresh, found.databases[name], role["name"])
        whole = scratch.reader(fresh, trial, role["version"])
        began = time.monotonic()
        try:
            source.restore(request, trial, digest)
        except source.ChangedDump:
            raise
        except (HostError, OSError) as error:
            check_in()
            version = tools.major(role["version"])
            return NOTHING._replace(problems=(_failed(error, request.database, version),))
        restore = time.monotonic() - began
        restored = facts.facts(whole, name, between=check_in)
        done = Rehearsed(restore, restored, now, _newer(request, server, whole), ())
        compared = _compared(request, done)
        problems = (*differences.differences(compared), *_sequences(request, server, whole))
        schema = (*differences.schema(compared), *_objects(compared, server, whole))
        schema += (*alike.problems(compared, alike_rows(compared, server, whole)),)
    return done._replace(problems=problems, schema=schema)


def _objects(
    compared: ComparedDatabases, server: Server, whole: Server
) -> Iterator[DatabaseProblem]:
    """Yield what else than rows the restored database has not, or has otherwise."""
    lists = (objects.objects(each, server.name, compared.ignore) for each in (whole, server))
    yield from differences.objects(compared, *lists)


def answers(fresh: Server) -> bool:
    """Return whether the throw-away server is still there: then the dump is to blame."""
    try:
        fresh.sql("SELECT 1;")
    except HostError:
        return False
    return True


def _failed(error: Exception, database: DatabaseAccess, version: str) -> DatabaseProblem:
    """Return why a dump could not be restored into a server of a major version."""
    path = database.dump
    if not isinstance(error, HostError):
        return DatabaseProblem(f"the dump {path} cannot be read: {error}", f"namei -l {path}")
    newer = check.newer(database, version)
    if newer:
        return DatabaseProblem(f"{error.message}; {newer.problem}", newer.hint)
    return DatabaseProblem(
        error.message,
        "make the role that it names; or dump again without what only a superuser may make "
        "(from version 17: pg_dump -Fc --exclude-extension=NAME); then rollback rehearse",
    )


def _compared(request: RehearsalRequest, done: Rehearsed) -> ComparedDatabases:
    restored, live = done.restored, done.live
    if restored is None or live is None:
        raise HostError("nothing was restored", "rollback rehearse")
    ignore = tuple(each if "." in each else f"public.{each}" for each in request.ignore)
    return ComparedDatabases(request.database.dump, restored, live, request.tolerance, ignore)


def _sequences(
    request: RehearsalRequest, server: Server, whole: Server
) -> Iterator[DatabaseProblem]:
    """Yield which sequences would give numbers out again that the live ones would not."""
    late = facts.behind(whole, server.name)
    if late:
        usual = facts.behind(server, server.name, tuple(late))
        said = [words for each, words in late.items() if each not in usual]
        for words in said:
            yield DatabaseProblem(
                f"the dump {request.database.dump} has a sequence behind its table: {words}; the "
                "next rows would collide",
                "dump again, of all of the database: pg_dump -Fc, without --table",
            )


def _newer(request: RehearsalRequest, server: Server, whole: Server) -> tuple[NewerRows, ...]:
    """Return how many rows are newer than the dump, by the columns that were named."""
    return tuple(_newer_by(column, server, whole) for column in request.newest)


def _newer_by(column: str, server: Server, whole: Server) -> NewerRows:
    try:
        return NewerRows(column, facts.newer(server, whole, column))
    except HostError as problem:
        raise HostError(
            f"the column {column} cannot be asked: {problem.message}",
            "correct newest in [database.rehearsal]: table.column or schema.table.column",
        ) from problem
