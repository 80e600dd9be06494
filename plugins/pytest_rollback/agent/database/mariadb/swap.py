"""The tables of two databases change places, in one statement; undo changes them back.

The failed tables are kept in a database of their own. What was restored is kept in its turn when
the run is undone: somebody may have written into it. Views, routines and events stay in the live
database, and find the tables that are there.
"""

from __future__ import annotations

import time
from typing import Any, Dict, Iterator, List, Optional

from ...errors import HostError
from ...messages.location import Location
from ...state.lock import ExclusiveRun, working
from ..events import RESTORING, SWAPPED, UNDOING, UNDONE
from ..messages import DatabaseAccess, DatabaseRestored, DatabaseSwap, DatabaseUndone
from ..naming import DatabaseNames
from . import catalog
from .catalog import MariadbCatalog, MariadbDatabase, TablesMark
from .client import MariadbServer, literal, quoted, reached

ACCESS = ("host", "port", "user", "tools", "account", "name")
"""The fields of `DatabaseAccess` that the journal holds, by their names there."""

SWAPPING = 20
"""Seconds that a swap waits for whoever reads or writes the tables."""

PAUSE = 0.05
SESSIONS = """
SELECT JSON_ARRAY(id) FROM information_schema.processlist WHERE id <> CONNECTION_ID()
AND (db = {database} OR info LIKE CONCAT('%/* ', {session}, ' */%'));
"""
"""Sessions in a database, or of a run, as far as we see them."""


def alone(server: MariadbServer, wanted: DatabaseNames) -> None:
    """End what a dead call of this run left at work in the server.

    Raises:
        HostError: it goes on.
    """
    until = time.monotonic() + SWAPPING
    while ended(server, wanted.fresh):
        if time.monotonic() > until:
            raise HostError("an earlier call of this run is still running", server.hint)
        time.sleep(PAUSE)


def ended(server: MariadbServer, database: str) -> int:
    """End the sessions in a database, and those of this run; return how many there were."""
    asked = SESSIONS.format(database=literal(database), session=literal(server.session))
    found = [int(each[0]) for each in server.rows(asked)]
    for number in found:
        server.call("", SWAPPING, script=f"KILL CONNECTION {number};")  # it may be gone meanwhile
    return len(found)


def moved(database: MariadbDatabase, name: str, new: str) -> Iterator[str]:
    """Yield how the tables of one database are renamed into another one."""
    for table in database.tables:
        yield f"{quoted(name)}.{quoted(table)} TO {quoted(new)}.{quoted(table)}"


def exchanged(server: MariadbServer, live: str, words: List[str]) -> DatabaseSwap:
    """Rename tables in one statement; return its seconds, and the sessions that it ended.

    Raises:
        HostError: kind `unfinished`, nothing was renamed.
    """
    began, sessions = time.monotonic(), ended(server, live)
    script = f"SET lock_wait_timeout = {SWAPPING}, sql_mode = '';\n"
    script += f"RENAME TABLE /* {server.session} */ {', '.join(words)};"
    try:
        server.sql(script, timeout=SWAPPING + 10.0)
    except HostError as problem:
        raise HostError(
            f"the tables could not be swapped: {problem.message}",
            f"see who uses them: SHOW FULL PROCESSLIST, {server.hint}; then run the same command "
            "again",
            "unfinished",
        ) from problem
    return DatabaseSwap(round(time.monotonic() - began, 3), sessions, "")


def swap(
    work: ExclusiveRun, server: MariadbServer, found: MariadbCatalog, wanted: DatabaseNames
) -> DatabaseRestored:
    """Give the restored tables the live names, and keep the live ones; write down that it is so."""
    fresh, live = found.databases[wanted.fresh], found.databases[wanted.live]
    mark = fresh.mark
    if mark is None:
        raise HostError(f"{wanted.fresh} is incomplete", "run the same command again", "unfinished")
    done = DatabaseSwap(0.0, 0, "")
    if fresh.tables:
        if wanted.failed not in found.databases:
            server.sql(catalog.created(wanted.failed, live, live.comment))
        words = [*moved(live, wanted.live, wanted.failed), *moved(fresh, wanted.fresh, wanted.live)]
        done = exchanged(server, wanted.live, words)
    server.sql(catalog.commented(wanted.live, live.marked(mark._replace(state="live"))))
    return DatabaseRestored(wanted.live, _noted(work, server, wanted, done))


def _noted(
    work: ExclusiveRun, server: MariadbServer, wanted: DatabaseNames, done: DatabaseSwap
) -> DatabaseSwap:
    """Drop the database that the tables came from, and write down that they were swapped."""
    server.sql(f"DROP DATABASE IF EXISTS {quoted(wanted.fresh)};")
    swapped = done._replace(kept=wanted.failed)
    work.journal.add(SWAPPED, at=time.time(), **swapped._asdict())
    return swapped


def tidied(
    work: ExclusiveRun, server: MariadbServer, found: MariadbCatalog, wanted: DatabaseNames
) -> None:
    """Do what a call that died after the swap has left undone."""
    fresh = found.databases.get(wanted.fresh)
    if fresh and not fresh.tables and fresh.mark and fresh.mark.state == "ready":
        _noted(work, server, wanted, DatabaseSwap(0.0, 0, ""))


def undo(location: Location) -> DatabaseUndone:
    """Make the tables from before the run the live ones again, from any point of the run."""
    with working(location, back=True) as work:
        known = [each for each in work.journal.entries if each["event"] == RESTORING]
        return DatabaseUndone(sum([take_back(work, each) for each in reversed(known)]))


def take_back(work: ExclusiveRun, entry: Dict[str, Any]) -> int:
    """Undo what one entry of the journal announced; return how many databases came back.

    Raises:
        HostError: the server does not let us.
    """
    if work.journal.last(UNDOING) is None:
        work.journal.add(UNDOING)
    wanted = DatabaseNames(*entry["names"])
    access = DatabaseAccess(dump="", **{key: entry[key] for key in ACCESS})
    server = reached(access, entry["run"])
    alone(server, wanted)
    found = catalog.look(server, wanted)
    fresh, failed = (found.databases.get(each) for each in (wanted.fresh, wanted.failed))
    if is_swapped(fresh, failed):
        _back(server, found, wanted)
        work.journal.add(UNDONE, kept=wanted.fresh)
        _dropped(server, wanted.failed)
        return 1
    if fresh and not (fresh.mark and fresh.mark.state == "former"):
        server.sql(f"DROP DATABASE {quoted(wanted.fresh)};")
    if failed:
        _dropped(server, wanted.failed)
    return 0


def is_swapped(fresh: Optional[MariadbDatabase], failed: Optional[MariadbDatabase]) -> bool:
    """Return whether the tables of a run are the live ones.

    They are once the database that they waited in, if it is there at all, has none of them.
    """
    return failed is not None and (fresh is None or (fresh.mark is not None and not fresh.tables))


def _back(server: MariadbServer, found: MariadbCatalog, wanted: DatabaseNames) -> None:
    """Rename the tables back: those that were restored are kept."""
    live, failed = found.databases[wanted.live], found.databases[wanted.failed]
    former = TablesMark("former", "-", "", "").text
    if wanted.fresh in found.databases:
        server.sql(catalog.commented(wanted.fresh, former))
    else:
        server.sql(catalog.created(wanted.fresh, live, former))
    server.sql(catalog.commented(wanted.live, live.marked(None)))
    words = [*moved(live, wanted.live, wanted.fresh), *moved(failed, wanted.failed, wanted.live)]
    exchanged(server, wanted.live, words)


def _dropped(server: MariadbServer, name: str) -> None:
    """Drop a database, if nothing is in it."""
    found = catalog.look(server, DatabaseNames(name, name, name)).databases.get(name)
    if found and not found.tables and not found.views:
        server.sql(f"DROP DATABASE {quoted(name)};")
