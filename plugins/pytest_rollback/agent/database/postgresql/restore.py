"""The database of a dump: restored beside the live one, looked at, then swapped with it by name.

Nothing is ever restored into the live database. Killed at any moment it is the old or the new one,
whole; the same call again goes on.
"""

from __future__ import annotations

import time

from ...errors import HostError
from ...state.lock import ExclusiveRun, working
from .. import naming
from ..dump_file import lines_of
from ..events import RESTORING
from ..messages import DatabaseRestored, DatabaseRestoreRequest
from ..naming import DatabaseNames
from ..record import record_start
from . import catalog, check, clone, load, sql_script, swap
from . import dump as dumps
from .catalog import Catalog, RestoreMark
from .load import OpenDump
from .server import Server, quoted, reached


def restore(request: DatabaseRestoreRequest) -> DatabaseRestored:
    """Restore the dump whose digest was planned, and make it the live database.

    Raises:
        HostError: it cannot be; the live database is the one it was.
    """
    location, database = request.location, request.database
    wanted = naming.names(database.name, location.run)
    with working(location) as work:
        if work.journal.last("database undo"):
            raise HostError("this run was undone", "start a new run")
        server = reached(database, location.run)
        record = record_start(location)
        found = catalog.look(server, wanted)
        if check.is_live(found, wanted, request.digest, record):
            return DatabaseRestored(wanted.live, None)
        clone.refuse(clone.lacking(found, wanted.live))
        swap.alone(server)
        mark = RestoreMark("ready", location.run, request.digest, record, 0)
        if not _is_ready(found, wanted, mark):
            _build(request, work, server, found, mark)
            found = catalog.look(server, wanted)
        return swap.swap(work, server, found, wanted)


def _is_ready(found: Catalog, wanted: DatabaseNames, mark: RestoreMark) -> bool:
    """Return whether the fresh database is whole; one that was live is not ours to touch."""
    fresh = found.databases.get(wanted.fresh)
    if fresh is None or fresh.mark is None:
        return False
    if fresh.mark.state == "live":
        raise HostError(
            f"{wanted.fresh} is a former live database", "rename it, or drop it if it is not needed"
        )
    return fresh.mark._replace(oid=0) == mark


def _build(
    request: DatabaseRestoreRequest,
    work: ExclusiveRun,
    server: Server,
    found: Catalog,
    mark: RestoreMark,
) -> None:
    """Restore the dump into a fresh database, look at it, and mark it as whole."""
    wanted = naming.names(request.database.name, request.location.run)
    started, live = time.monotonic(), found.databases[wanted.live]
    with load.opened(request.database.dump) as opened:
        if opened.sha256 != mark.dump:
            raise HostError(*load.CHANGED)
        _announce(request, work, opened, wanted)
        server.sql(catalog.ended("datname", wanted.fresh))
        server.sql(f"DROP DATABASE IF EXISTS {quoted(wanted.fresh)};")
        server.sql(clone.creation(live, wanted.fresh), timeout=request.timeout)
        with load.readable(server, opened) as source:
            number = _tables(server, source)
            load.load(server, wanted.fresh, source, request.timeout)
        number = load.check(server, wanted.fresh, number)
    fresh = catalog.look(server, wanted).databases[wanted.fresh]
    comment = live.comment(mark._replace(oid=fresh.oid))
    words = [clone.carried(server, wanted), catalog.commented(wanted.fresh, comment)]
    server.sql("\n".join(["BEGIN;", *words, "COMMIT;"]))
    seconds = round(time.monotonic() - started, 3)
    work.journal.add("database restored", tables=number, seconds=seconds)


def _tables(server: Server, source: OpenDump) -> int:
    """Return how many tables are to be expected."""
    if source.kind not in dumps.TOOLS:
        return load.tables(server, source)
    text = dumps.blocks(dumps.Dump(source.path, source.kind, 0, 0.0, ""), float("inf"))
    return len(sql_script.read(lines_of(text)).tables.made)


def _announce(
    request: DatabaseRestoreRequest, work: ExclusiveRun, source: OpenDump, wanted: DatabaseNames
) -> None:
    """Write down what will be done, so that undo finds all of it."""
    facts = {key: getattr(request.database, key) for key in swap.ACCESS}
    work.journal.add(
        RESTORING,
        **facts,
        run=request.location.run,
        names=list(wanted),
        kept=wanted.fresh,
        digest=source.sha256,
        bytes=source.bytes,
        format=source.kind,
        stamp=load.stamp(request.database.dump),
    )
