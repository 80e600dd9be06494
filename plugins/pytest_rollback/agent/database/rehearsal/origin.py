"""Where a dump is from, and when it was made, as far as it says so itself."""

from __future__ import annotations

import re
import time
from typing import Iterator, NamedTuple

from ...files import reach
from .. import stamp
from ..messages import (
    DatabaseAccess,
    DatabaseProblem,
    DatabaseRequest,
    DatabaseState,
    RehearsalRequest,
)
from ..postgresql import check
from ..postgresql import dump as dumps
from ..postgresql.server import reached

READING = 60.0
"""Seconds in which an archive's list of contents is read."""

CREATED = re.compile(r"^; *Archive created at (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)", re.MULTILINE)
NAMED = re.compile(r"^; *dbname: (.*)$", re.MULTILINE)
DAY = 86400.0


class DumpHeader(NamedTuple):
    """What an archive says of itself: the database's name, and when it was made, 0 if nowhere."""

    database: str
    created: float


def look(request: DatabaseRequest) -> DatabaseState:
    """Return the state of the live database, when its dump was made, and the last rehearsal.

    Raises:
        HostError: the server does not answer, or the stamp cannot be trusted.
    """
    last = stamp.of(request)
    found = check.look(request)
    if not found.format or found.restored:
        return found._replace(rehearsal=last)
    about = header(request.database, found.format, reached(request.database).account)
    return found._replace(rehearsal=last, made=made(request.database.dump, about))


def header(database: DatabaseAccess, kind: str, account: str) -> DumpHeader:
    """Return what a dump of a format says of itself; plain text says nothing."""
    tool = dumps.program(kind, database.tools)
    if not kind or kind in dumps.TOOLS or not tool:
        return DumpHeader("", 0.0)
    text = dumps.listing(database.dump, tool, READING, account)
    name, created = NAMED.search(text), CREATED.search(text)
    when = time.mktime(time.strptime(created[1], "%Y-%m-%d %H:%M:%S")) if created else 0.0
    return DumpHeader(name[1].strip() if name else "", when)


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
