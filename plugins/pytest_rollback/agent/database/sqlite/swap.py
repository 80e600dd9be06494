"""Two SQLite files change names, with what lies beside them; undo changes them back.

A log beside the live path belongs to the file that was there: SQLite would apply it to any other.
So what lies beside the live file is taken into a copy of it first, the copy gets the live name
while the log is still there, which changes nothing for whoever opens it, and only then does the log
go. Each step is one rename: at every instant the live path is the old database or the new one.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from typing import Any, Dict, Iterator, List, Optional

from ...errors import HostError, failed
from ...files import lookup
from ...files.handles import DIRECTORY
from ...messages.location import Location
from ...state import backup_set
from ...state import directory as places
from ...state.lock import ExclusiveRun, working
from ..events import BUILDING, RESTORED, RESTORING, SWAPPED, UNDOING, UNDONE
from ..messages import DatabaseAccess, DatabaseRestored, DatabaseSwap, DatabaseUndone
from . import library, live
from .live import ENDS, FileNames, LiveFile

SETTLING = 120.0
"""Seconds for taking what lies beside a file into it."""


@contextlib.contextmanager
def directory(names: FileNames) -> Iterator[int]:
    """Yield the directory of the files, open; what goes wrong in it names the live file."""
    path = os.path.join(names.directory, names.live)
    try:
        with lookup.directory(names.directory) as way:
            here = os.open(".", DIRECTORY, dir_fd=way)
            try:
                yield here
            finally:
                os.close(here)
    except OSError as error:
        raise failed(error, path) from error


def is_there(here: int, name: str) -> bool:
    """Return whether a name is given."""
    try:
        os.stat(name, dir_fd=here, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def beside(here: int, name: str) -> List[str]:
    """Return the ends of the names that lie beside a file."""
    return [end for end in ENDS if is_there(here, name + end)]


def forget(here: int, name: str) -> None:
    """Take a file away, and what lies beside it."""
    for each in (name, *(name + end for end in ENDS)):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(each, dir_fd=here)


def builds(here: int, names: FileNames) -> List[str]:
    """Return the names of files that were not finished."""
    return [each for each in os.listdir(here) if each.startswith(f"{names.fresh}.build")]


def refuse_held(names: FileNames) -> None:
    """Raise that somebody has the live file open: he would write into the one that is kept."""
    path = os.path.join(names.directory, names.live)
    who = list(live.holders(names))
    if who:
        raise HostError(
            f"the database {path} is open in {', '.join(who)}",
            f"stop that, see fuser -v {path}; then run the same command again",
            "unfinished",
        )


def exchange(names: FileNames, there: LiveFile, kept: str, coming: str) -> float:
    """Give `coming` the live name, and keep the live file as `kept`; return the seconds it took.

    Nothing lies beside `coming`. The same call again goes on, as long as `coming` is there.
    """
    began = time.monotonic()
    with directory(names) as here:
        forget(here, kept)
        forget(here, names.settled)
        ends = beside(here, names.live)
        for end in ("", *ends):
            os.link(
                names.live + end,
                kept + end,
                src_dir_fd=here,
                dst_dir_fd=here,
                follow_symlinks=False,
            )
        os.fsync(here)
        if ends:
            settle(names, there, names.settled, os.path.join(names.directory, names.live))
            _renamed(here, names.settled, names.live)
            for end in ends:
                os.unlink(names.live + end, dir_fd=here)
            os.fsync(here)
        _renamed(here, coming, names.live)
    return round(time.monotonic() - began, 3)


def _renamed(here: int, name: str, new: str) -> None:
    os.rename(name, new, src_dir_fd=here, dst_dir_fd=here)
    os.fsync(here)


def settle(names: FileNames, there: LiveFile, name: str, source: str = "") -> None:
    """Have SQLite take what lies beside a file into it, or into a copy of another file.

    Raises:
        HostError: something still lies beside it.
    """
    path = os.path.join(names.directory, name)
    left = library.asked(
        "settle",
        there.account,
        SETTLING,
        path=path,
        source=source,
        ends=ENDS,
        mode=there.status.st_mode & 0o7777,
        gid=there.status.st_gid,
    )
    if left:
        raise HostError(
            f"{path}{left[0]} cannot be taken into {path}",
            f"see who has it open: fuser -v {path}",
            "unfinished",
        )


def whole(work: ExclusiveRun) -> Optional[Dict[str, Any]]:
    """Return the entry that the restored file is whole; None before that, or while it is redone."""
    latest = (each for each in reversed(work.journal.entries) if each["event"] in BUILDING)
    last = next(latest, None)
    return last if last and last["event"] == RESTORED else None


def is_done(names: FileNames) -> bool:
    """Return whether a whole file that waited for its name has got it."""
    with directory(names) as here:
        return not is_there(here, names.fresh)


def swap(
    work: ExclusiveRun, state: str, there: LiveFile, names: FileNames, done: Dict[str, Any]
) -> DatabaseRestored:
    """Give the restored file the live name, and keep the live one; write down that it is so.

    Raises:
        HostError: somebody has the live file open, or has put another one in its place since.
    """
    seconds = 0.0
    with directory(names) as here:
        waits = is_there(here, names.fresh)
        status = os.stat(names.live, dir_fd=here, follow_symlinks=False)
    if waits:
        refuse_held(names)
        seconds = exchange(names, there, names.failed, names.fresh)
    elif [status.st_dev, status.st_ino] != done["file"]:
        raise HostError(
            f"{there.path} is not the file any more that this run has restored",
            "start a new run, to restore it again",
        )
    mark(state, there.path, done)
    swapped = DatabaseSwap(seconds, 0, os.path.join(names.directory, names.failed))
    work.journal.add(SWAPPED, at=time.time(), **swapped._asdict())
    return DatabaseRestored(there.path, swapped)


def mark(state: str, path: str, done: Dict[str, Any]) -> None:
    """Keep in the state directory which file is live by whose restore."""
    told = {"dump": done["digest"], "record": done["record"], "file": [path, *done["file"]]}
    place = places.made(state)
    try:
        backup_set.replace(place, live.STAMP, json.dumps(told).encode())
    finally:
        os.close(place)


def undo(location: Location) -> DatabaseUndone:
    """Make the file from before the run the live one again, from any point of the run."""
    with working(location, back=True) as work:
        known = [each for each in work.journal.entries if each["event"] == RESTORING]
        return DatabaseUndone(sum([take_back(work, each) for each in reversed(known)]))


def take_back(work: ExclusiveRun, entry: Dict[str, Any]) -> int:
    """Undo what one entry of the journal announced; return how many databases came back.

    Raises:
        HostError: somebody has the database open, or the disk does not let us.
    """
    names = FileNames(*entry["names"])
    if work.journal.last(UNDOING) is None:
        work.journal.add(UNDOING, swapped=whole(work) is not None and is_done(names))
    begun: Dict[str, Any] = work.journal.last(UNDOING) or {}
    path = os.path.join(names.directory, names.live)
    back = False
    with directory(names) as here:
        for each in builds(here, names):
            os.unlink(each, dir_fd=here)
        kept = is_there(here, names.failed)
        if begun["swapped"] and kept:
            refuse_held(names)
            there = live.found(DatabaseAccess(path, "", "", 0, "", "", ""))
            if beside(here, names.failed):
                settle(names, there, names.failed)
            exchange(names, there, names.fresh, names.failed)
            work.journal.add(UNDONE, kept=os.path.join(names.directory, names.fresh))
            back = True
        elif not begun["swapped"]:
            for each in (names.fresh, names.failed):
                forget(here, each)
        forget(here, names.settled)
    return int(back)
