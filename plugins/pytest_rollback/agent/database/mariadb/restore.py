"""The tables of a dump: restored into a database beside the live one, looked at, then swapped in.

Nothing is ever restored into the live database. Killed at any moment its tables are the old or the
new ones, all of them; the same call again goes on.
"""

from __future__ import annotations

import time

from ...errors import HostError
from ...state.lock import ExclusiveRun, working
from .. import dump_file, naming
from ..dump_file import OpenFile
from ..events import CHANGED, RESTORED, RESTORING, UNDOING, some
from ..messages import DatabaseRestored, DatabaseRestoreRequest
from ..naming import DatabaseNames
from ..record import record_start
from . import catalog, check, facts, load, swap
from . import dump as dumps
from .catalog import MariadbCatalog, TablesMark
from .client import MariadbServer, quoted, reached


def restore(request: DatabaseRestoreRequest) -> DatabaseRestored:
    """Restore the dump whose digest was planned, and make its tables the live ones.

    Raises:
        HostError: it cannot be; the live tables are those of before.
    """
    location, database = request.location, request.database
    wanted = naming.names(database.name, location.run)
    with working(location) as work:
        if work.journal.last(UNDOING):
            raise HostError("this run was undone", "start a new run")
        server = reached(database, location.run)
        swap.alone(server, wanted)
        found = catalog.look(server, wanted)
        record = record_start(location)
        if check.is_live(found, wanted, request.digest, record):
            swap.tidied(work, server, found, wanted)
            return DatabaseRestored(wanted.live, None)
        for problem in catalog.problems(found, wanted):
            raise HostError(problem.problem, problem.hint)
        mark = TablesMark("ready", location.run, request.digest, record)
        if not _is_ready(found, wanted, mark):
            _build(request, work, server, found, mark)
            found = catalog.look(server, wanted)
        return swap.swap(work, server, found, wanted)


def _is_ready(found: MariadbCatalog, wanted: DatabaseNames, mark: TablesMark) -> bool:
    """Return whether the fresh database is whole; one that was live is not ours to touch."""
    fresh = found.databases.get(wanted.fresh)
    failed = found.databases.get(wanted.failed)
    if fresh and fresh.mark == mark:
        return True
    if failed and failed.tables:
        raise HostError("this run has restored another dump already", "start a new run")
    if fresh and fresh.mark and fresh.mark.state == "former":
        raise HostError(
            f"{wanted.fresh} is a former live database", "rename it, or drop it if it is not needed"
        )
    return False


def _build(
    request: DatabaseRestoreRequest,
    work: ExclusiveRun,
    server: MariadbServer,
    found: MariadbCatalog,
    mark: TablesMark,
) -> None:
    """Restore the dump into a fresh database, look at it, and mark it as whole."""
    wanted = naming.names(request.database.name, request.location.run)
    started, live = time.monotonic(), found.databases[wanted.live]
    with dumps.opened(request.database.dump) as source:
        if source.sha256 != request.digest:
            raise HostError(*CHANGED)
        if not source.kind:
            raise HostError(f"the dump {source.path} {dumps.no_dump(source.bytes)}", "dump again")
        dumps.refuse(source)
        _announce(request, work, source, wanted)
        server.sql(f"DROP DATABASE IF EXISTS {quoted(wanted.fresh)};")
        server.sql(catalog.created(wanted.fresh, live, ""))
        number = load.load(server, wanted.fresh, source, request.timeout)
    fresh = catalog.look(server, wanted).databases[wanted.fresh]
    load.check(fresh.tables, number)
    refuse_other_views(server, wanted)
    server.sql(catalog.commented(wanted.fresh, mark.text))
    seconds = round(time.monotonic() - started, 3)
    work.journal.add(RESTORED, tables=len(fresh.tables), seconds=seconds)


def refuse_other_views(server: MariadbServer, wanted: DatabaseNames) -> None:
    """Refuse a dump with other views than the live database has.

    Views stay where they are, and find the restored tables under the live names.

    Raises:
        HostError: some are otherwise, lack, or are too many.
    """
    both = [
        {
            name: what
            for name, what in facts.objects(server, each, ()).items()
            if name[:5] == "view "
        }
        for each in (wanted.fresh, wanted.live)
    ]
    names = sorted(
        each for each in {**both[0], **both[1]} if both[0].get(each) != both[1].get(each)
    )
    if names:
        raise HostError(
            f"the tables cannot change places: {some(names)} of the dump is not that of "
            f"{wanted.live}, and views stay where they are",
            "nothing was changed; make the view as it was, then run the same command again",
        )


def _announce(
    request: DatabaseRestoreRequest, work: ExclusiveRun, source: OpenFile, wanted: DatabaseNames
) -> None:
    """Write down what will be done, so that undo finds all of it."""
    facts_ = {key: getattr(request.database, key) for key in swap.ACCESS}
    work.journal.add(
        RESTORING,
        engine="mariadb",
        **facts_,
        run=request.location.run,
        names=list(wanted),
        kept=wanted.fresh,
        digest=source.sha256,
        bytes=source.bytes,
        format=source.kind,
        stamp=list(dump_file.stamp(request.database.dump)),
    )
