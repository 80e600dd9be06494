"""The SQLite database of a dump: built beside the live file, looked at, then swapped in by name.

Nothing is ever restored into the live file. Killed at any moment it is the old or the new one,
whole; the same call again goes on.
"""

from __future__ import annotations

import os
import time

from ...errors import HostError
from ...state.lock import ExclusiveRun, working
from .. import dump_file
from ..dump_file import OpenFile
from ..events import CHANGED, RESTORED, RESTORING, UNDOING
from ..messages import DatabaseRestored, DatabaseRestoreRequest
from ..record import record_start
from . import dump as dumps
from . import library, live, swap
from .live import FileNames, LiveFile


def restore(request: DatabaseRestoreRequest) -> DatabaseRestored:
    """Restore the dump whose digest was planned, and make it the live database.

    Raises:
        HostError: it cannot be; the live database is the one it was.
    """
    location, database = request.location, request.database
    names = live.names(database.name, location.run)
    with working(location) as work:
        if work.journal.last(UNDOING):
            raise HostError("this run was undone", "start a new run")
        there, record = live.found(database), record_start(location)
        if live.restored(location.state, there) == (request.digest, record):
            return DatabaseRestored(there.path, None)
        done = swap.whole(work)
        if done is None or (done["digest"], done["record"]) != (request.digest, record):
            if done and swap.is_done(names):
                raise HostError("this run has restored another dump already", "start a new run")
            _build(request, work, there, names)
        return swap.swap(work, location.state, there, names, swap.whole(work) or {})


def _build(
    request: DatabaseRestoreRequest, work: ExclusiveRun, there: LiveFile, names: FileNames
) -> None:
    """Restore the dump into a fresh file, look at it, and note that it is whole."""
    started = time.monotonic()
    with swap.directory(names) as here, dumps.opened(request.database.dump) as source:
        if source.sha256 != request.digest:
            raise HostError(*CHANGED)
        if not source.kind:
            raise HostError(f"the dump {source.path} {dumps.no_dump(source.bytes)}", "dump again")
        number = _announce(request, work, source, names)
        for each in (names.fresh, *swap.builds(here, names)):
            swap.forget(here, each)
        # a call that was killed may still have a process at work, which knows another name
        build = f"{names.fresh}.build{number}"
        facts = _built(request, there, source, os.path.join(names.directory, build))
        if not facts["tables"]:
            raise HostError(f"the dump {source.path} has no tables", "dump again")
        if swap.beside(here, build):
            raise HostError(f"{build} is in use", "run the same command again", "unfinished")
        os.rename(build, names.fresh, src_dir_fd=here, dst_dir_fd=here)
        os.fsync(here)
        status = os.stat(names.fresh, dir_fd=here, follow_symlinks=False)
    work.journal.add(
        RESTORED,
        tables=len(facts["tables"]),
        seconds=round(time.monotonic() - started, 3),
        digest=request.digest,
        record=record_start(request.location),
        file=[status.st_dev, status.st_ino],
    )


def _built(
    request: DatabaseRestoreRequest, there: LiveFile, source: OpenFile, path: str
) -> dict[str, dict[str, object]]:
    """Have SQLite build a file of the dump, with owner, group, mode and journal of the live one."""
    try:
        found: dict[str, dict[str, object]] = library.asked(
            "build",
            there.account,
            request.timeout,
            source.file,
            path=path,
            kind=source.kind,
            wal=there.is_wal,
            mode=there.status.st_mode & 0o7777,
            gid=there.status.st_gid,
        )
    except library.UnfitDatabase as problem:
        raise HostError(
            f"the dump {source.path} cannot be restored: {problem.message}",
            "nothing was changed; make another dump: sqlite3 LIVE '.backup DUMP'",
        ) from problem
    return found


def _announce(
    request: DatabaseRestoreRequest, work: ExclusiveRun, source: OpenFile, names: FileNames
) -> int:
    """Write down what will be done, so that undo finds all of it; return how often that was."""
    work.journal.add(
        RESTORING,
        engine="sqlite",
        name=request.database.name,
        run=request.location.run,
        names=list(names),
        kept=os.path.join(names.directory, names.fresh),
        digest=source.sha256,
        bytes=source.bytes,
        format=source.kind,
        stamp=list(dump_file.stamp(request.database.dump)),
    )
    return sum(each["event"] == RESTORING for each in work.journal.entries)
