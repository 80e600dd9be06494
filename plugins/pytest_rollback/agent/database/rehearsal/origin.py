"""Where a dump is from, and when it was made, as far as it says so itself."""

from __future__ import annotations

import time
from typing import Iterator

from ...files import reach
from .. import stamp
from ..messages import DatabaseProblem, DatabaseRequest, DatabaseState, RehearsalRequest
from ..postgresql import check, dump_header
from ..postgresql.dump_header import DumpHeader

DAY = 86400.0


def look(request: DatabaseRequest) -> DatabaseState:
    """Return the state of the live database, when its dump was made, and the last rehearsal.

    Raises:
        HostError: the server does not answer, or the stamp cannot be trusted.
    """
    last = stamp.of(request)
    found = check.look(request)
    if not found.format or found.restored:
        return found._replace(rehearsal=last)
    about = dump_header.of(request.database.dump, found.format)
    return found._replace(rehearsal=last, made=made(request.database.dump, about))


def problems(request: RehearsalRequest, about: DumpHeader) -> Iterator[DatabaseProblem]:
    """Yield that a dump is of a database with another name."""
    known = (request.database.name, *request.sources)
    if about.database and about.database not in known:
        yield DatabaseProblem(
            f"the dump {request.database.dump} is of the database {about.database}, and not of "
            f"{request.database.name}",
            "correct dump in [database]; where the database was renamed, name the old name in "
            "sources of [database.rehearsal]",
        )


def made(path: str, about: DumpHeader) -> float:
    """Return when a dump was made: what it says itself, where it does; else the time of its file.

    It says so in the local time of where it was made, and not in which zone that is. Within a day
    the older one counts, so that no loss is told too small; a file that is older than that, or
    younger, was touched. What lies in the future is no time at all.
    """
    try:
        changed = reach.status(path).st_mtime
    except OSError:
        return about.created
    if not about.created or about.created > time.time() + DAY:
        return changed
    return about.created if about.created > changed + DAY else min(changed, about.created)
