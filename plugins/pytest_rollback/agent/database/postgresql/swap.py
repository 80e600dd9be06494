"""Two databases swap their names; undo swaps them back.

The failed database is kept under another name. What was restored is kept in its turn when the run
is undone: somebody may have written into it.
"""

from __future__ import annotations

import contextlib
import time
from typing import Any

from ...errors import HostError
from ...messages.location import Location
from ...state.lock import ExclusiveRun, working
from ..events import RESTORING, SWAPPED
from ..messages import DatabaseAccess, DatabaseRestored, DatabaseSwap, DatabaseUndone
from ..naming import DatabaseNames
from . import catalog
from .catalog import Catalog
from .server import Server, quoted, reached

ACCESS = ("host", "port", "user", "tools", "account", "name")
"""The fields of `DatabaseAccess` that the journal holds, by their names there."""

SWAPPING = 20.0
PAUSE = 0.05


def alone(server: Server) -> None:
    """End what a dead call of this run left at work in the server."""
    until = time.monotonic() + SWAPPING
    while server.sql(catalog.ended("application_name", server.session)) != "0":
        if time.monotonic() > until:
            raise HostError("an earlier call of this run is still running", server.hint)
        time.sleep(PAUSE)


def swap(
    work: ExclusiveRun, server: Server, found: Catalog, wanted: DatabaseNames
) -> DatabaseRestored:
    """Give the restored database the live name, and the live one the name it is kept under."""
    fresh = found.databases[wanted.fresh]
    mark = fresh.mark
    if mark is None:
        raise HostError(f"{wanted.fresh} is incomplete", "run the same command again", "unfinished")
    seconds, sessions = _exchanged(
        server,
        (wanted.live, wanted.failed),
        (wanted.fresh, wanted.live),
        catalog.commented(wanted.live, fresh.comment(mark._replace(state="live"))),
    )
    swapped = DatabaseSwap(seconds, sessions, wanted.failed)
    work.journal.add(SWAPPED, at=time.time(), **swapped._asdict())
    return DatabaseRestored(wanted.live, swapped)


def _exchanged(
    server: Server, first: tuple[str, str], second: tuple[str, str], then: str
) -> tuple[float, int]:
    """Rename two databases, in one transaction; return its seconds and the sessions it ended.

    Raises:
        HostError: kind `unfinished`, nothing was renamed.
    """
    live, started = first[0], time.monotonic()
    words = [
        catalog.opened(live, to_all=False),
        catalog.ended("datname", live),
        *("BEGIN;", catalog.renamed(*first), catalog.renamed(*second), then, "COMMIT;"),
    ]
    try:
        said = server.sql("\n".join(words), timeout=SWAPPING)
    except HostError as problem:
        with contextlib.suppress(HostError):
            server.sql(catalog.opened(live, to_all=True))
        role = quoted(server.user or "...")
        raise HostError(
            f"the databases could not be swapped: {problem.message}",
            f"end the sessions of {live}, or as a superuser: GRANT pg_signal_backend TO {role}; "
            "then run the same command again",
            "unfinished",
        ) from problem
    return round(time.monotonic() - started, 3), int(said.split()[0])


def undo(location: Location) -> DatabaseUndone:
    """Make the database from before the run the live one again, from any point of the run."""
    with working(location, back=True) as work:
        known = [each for each in work.journal.entries if each["event"] == RESTORING]
        return DatabaseUndone(sum([take_back(work, each) for each in reversed(known)]))


def take_back(work: ExclusiveRun, entry: dict[str, Any]) -> int:
    """Undo what one entry of the journal announced; return how many databases came back.

    Raises:
        HostError: the server does not let us.
    """
    if work.journal.last("database undo") is None:
        work.journal.add("database undo")
    wanted = DatabaseNames(*entry["names"])
    server = reached(DatabaseAccess(dump="", **{key: entry[key] for key in ACCESS}), entry["run"])
    alone(server)
    found = catalog.look(server, wanted).databases
    back = int(wanted.failed in found)
    if back:
        reopened = catalog.opened(wanted.live, to_all=True)
        _exchanged(server, (wanted.live, wanted.fresh), (wanted.failed, wanted.live), reopened)
        work.journal.add("database undone", kept=wanted.fresh)
        return 1
    fresh = found.get(wanted.fresh)
    if fresh is not None and not (fresh.mark and fresh.mark.state == "live"):
        server.sql(catalog.ended("datname", wanted.fresh))
        server.sql(f"DROP DATABASE {quoted(wanted.fresh)};")
    if wanted.live in found and not found[wanted.live].row["datallowconn"]:
        server.sql(catalog.opened(wanted.live, to_all=True))
    return 0
