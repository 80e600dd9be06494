"""A restore of a MariaDB dump, rehearsed: in a server of its own, held against the live data.

Nothing of the live server is written. What was found is left as a stamp in the state directory, a
failure as much as a success.
"""

from __future__ import annotations

import hashlib
import time
from typing import Iterator, Tuple

from ...errors import HostError
from ...state.directory import record_of
from .. import differences, naming, stamp
from ..differences import NOTHING, ComparedDatabases, Rehearsed
from ..events import CHANGED
from ..messages import (
    DatabaseProblem,
    DatabaseRequest,
    DatabaseState,
    DumpRequest,
    NewerRows,
    Rehearsal,
    RehearsalRequest,
)
from ..record import is_deployed, of_dump
from ..rehearsal import alike, keeper
from ..rehearsal.guard import ServerLimits, ServerPlan
from . import catalog, check, facts, load, own_server
from . import dump as dumps
from .alike_rows import alike_rows
from .catalog import MariadbCatalog
from .client import MariadbServer, literal, quoted, reached
from .dump import DumpText

EMPTY = 250 << 20
"""Bytes that an empty server takes, with its logs."""

RESERVE = 256 << 20
"""Bytes that stay free beside a rehearsal, or it ends."""

EXPANDED = 3
"""Times the size of a dump that its database may have, where the live one is smaller."""


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
        looked, text = check.examined(DatabaseRequest(location, database, request.timeout))
        if looked.restored:  # what is live is not read by a look
            looked, text = _read(request, looked)
        plan = _planned(request, server, found, looked)
        done = NOTHING
        if text.tables and text.is_complete and not text.refused:
            done = _tried(request, server, found, plan, looked)
        told = _told(request, looked, text, done)._replace(
            server=found.major, seconds=round(time.monotonic() - began, 3)
        )
        stamp.write(location.state, told)
    return told


def _read(request: RehearsalRequest, looked: DatabaseState) -> Tuple[DatabaseState, DumpText]:
    """Return what was looked at with the problems of its dump, and what that says."""
    database = request.database
    there, text = dumps.read(DumpRequest(database.dump, database.tools, request.timeout))
    way = check.again(database)
    wrong = (*there.problems, *(["could not be read in time"] if there.timed_out else []))
    told = tuple(DatabaseProblem(f"the dump {database.dump} {each}", way) for each in wrong)
    return looked._replace(problems=told), text


def _told(
    request: RehearsalRequest, looked: DatabaseState, text: DumpText, done: Rehearsed
) -> Rehearsal:
    """Return what is told of a rehearsal."""
    columns = done.live.columns if done.live else ""
    tables = done.restored.tables.values() if done.restored else ()
    deployed = is_deployed(request.location)
    ours = of_dump(looked.problems, request.location, request.database.dump)
    problems = [*ours, *other(request, text), *done.problems]
    problems += () if deployed else done.schema
    if done.restored is None and not problems:
        words = f"the dump {request.database.dump} was not restored"
        problems.append(DatabaseProblem(words, check.again(request.database)))
    return Rehearsal(
        when=time.time(),
        made=dumps.made(request.database.dump, text),
        digest=looked.digest,
        bytes=looked.bytes,
        format=looked.format,
        record=record_of(request.location.state),
        head=hashlib.sha256(columns.encode()).hexdigest(),
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


def other(request: RehearsalRequest, text: DumpText) -> Iterator[DatabaseProblem]:
    """Yield that a dump is of a database with another name."""
    if text.database and text.database not in (request.database.name, *request.sources):
        yield DatabaseProblem(
            f"the dump {request.database.dump} is of the database {text.database}, and not of "
            f"{request.database.name}",
            "correct dump in [database]; where the database was renamed, name the old name in "
            "sources of [database.rehearsal]",
        )


def _planned(
    request: RehearsalRequest, server: MariadbServer, found: MariadbCatalog, looked: DatabaseState
) -> ServerPlan:
    """Return how a throw-away server is started.

    Raises:
        HostError: there is no room or no time for one, or no program.
    """
    name = server.name
    live = found.databases.get(name)
    if live is None or not found.major:
        problem = next(catalog.problems(found, naming.names(name, request.location.run)))
        raise HostError(problem.problem, problem.hint)
    if live.size > request.largest:
        raise HostError(
            f"the database {name} has {live.size:,} bytes, more than the {request.largest:,} that "
            "are rehearsed",
            "rehearse on another host, with a copy of the dump; or set largest in "
            "[database.rehearsal]",
        )
    programs = own_server.programs(server, found.major)
    need = max(live.size, EXPANDED * looked.bytes) + EMPTY
    short = keeper.lacking(request.scratch, need, RESERVE)
    if short:
        raise HostError(
            f"no room for a rehearsal: {short}",
            f"free space there, see df {request.scratch}; or set scratch in [database.rehearsal]",
        )
    return own_server.planned(programs, request.scratch, ServerLimits(request.timeout, RESERVE))


def _tried(
    request: RehearsalRequest,
    server: MariadbServer,
    found: MariadbCatalog,
    plan: ServerPlan,
    looked: DatabaseState,
) -> Rehearsed:
    """Restore the dump that was looked at into a throw-away server, and compare."""
    name = server.name
    with own_server.served(server, plan, found.databases[name]) as fresh:

        def check_in() -> None:
            if fresh.call("", own_server.ASKING, script="SELECT 1;").code:
                raise HostError("the throw-away server is gone", "rollback rehearse")

        now = facts.facts(server, name, facts.COUNTED, check_in)
        began = time.monotonic()
        with dumps.opened(request.database.dump) as source:
            if source.sha256 != looked.digest:
                raise HostError(*CHANGED)
            try:
                load.load(fresh, name, source, request.timeout)
            except HostError as error:
                check_in()
                return NOTHING._replace(problems=(DatabaseProblem(error.message, error.hint),))
        restore = time.monotonic() - began
        restored = facts.facts(fresh, name, between=check_in)
        done = Rehearsed(restore, restored, now, _newer(request, server, fresh), ())
        compared = _compared(request, done)
        lists = (facts.objects(each, name, request.ignore) for each in (fresh, server))
        schema = (*differences.schema(compared), *differences.objects(compared, *lists))
        schema += (*alike.problems(compared, alike_rows(compared, server, fresh)),)
        problems = tuple(differences.differences(compared))
    return done._replace(problems=problems, schema=schema)


def _compared(request: RehearsalRequest, done: Rehearsed) -> ComparedDatabases:
    if done.restored is None or done.live is None:
        raise HostError("nothing was restored", "rollback rehearse")
    tolerance, ignore = request.tolerance, request.ignore
    return check.compared(request.database, done.restored, done.live, tolerance, ignore)


def _newer(
    request: RehearsalRequest, server: MariadbServer, fresh: MariadbServer
) -> Tuple[NewerRows, ...]:
    """Return how many rows are newer than the dump, by the columns that were named."""
    try:
        return tuple(NewerRows(each, newer(server, fresh, each)) for each in request.newest)
    except (HostError, ValueError) as problem:
        raise HostError(
            f"a column of newest cannot be asked: {problem}",
            "correct newest in [database.rehearsal]: table.column",
        ) from problem


def newer(server: MariadbServer, fresh: MariadbServer, column: str) -> int:
    """Return how many live rows are newer than all restored ones, by `table.column`."""
    table, field = (quoted(each.strip("`")) for each in column.rsplit(".", 1))
    query = f"SELECT JSON_ARRAY(CAST(MAX({field}) AS CHAR)) FROM {table};"  # noqa: S608 - quoted
    latest = fresh.rows(query, server.name)[0][0]
    where = f" WHERE {field} > {literal(latest)}" if latest is not None else ""
    asked = f"SELECT JSON_ARRAY(COUNT(*)) FROM {table}{where};"  # noqa: S608 - quoted
    return int(server.rows(asked, server.name)[0][0])
