"""The live file of a SQLite database: whose it is, what lies beside it, who holds it open."""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import time
from typing import Iterator, NamedTuple, Optional, Tuple

from ...errors import HostError
from ...files import reach
from ...files.handles import Irregular, open_regular
from ...state import directory as places
from ...system.open_files import has_open, identities
from .. import naming
from ..messages import DatabaseAccess, DatabaseProblem, Ping, PingRequest
from . import library

ENDS = ("-wal", "-journal", "-shm")
"""What SQLite keeps beside a file that is written to; of the last one nothing is lost."""

LONGEST = 240
"""Bytes of a name; a build of it, and what lies beside that, has a few more."""

WAL = 2
"""In the header of a file: its changes go to a log beside it."""

STAMP = "sqlite.json"
"""In the state directory: which file was swapped in, of which dump."""


class FileNames(NamedTuple):
    """What the files of one run are called, in the directory of the live one."""

    directory: str
    live: str
    fresh: str
    failed: str
    settled: str


class LiveFile(NamedTuple):
    """The live file: the account that owns it ("" for who we are), and what its status says."""

    path: str
    account: str
    status: os.stat_result
    is_wal: bool


def names(path: str, run: str) -> FileNames:
    """Return the names of a run's files; two runs never share one."""
    directory, name = os.path.split(path)
    kinds = (naming.beside(name, kind, run, LONGEST) for kind in ("rollback", "failed", "settled"))
    return FileNames(directory, name, *kinds)


def found(database: DatabaseAccess) -> LiveFile:
    """Return the live file.

    Raises:
        HostError: there is none, or its owner is nobody that we may become.
    """
    path = database.name
    try:
        with reach.reach(path, follow=False) as way:
            opened = open_regular(way.directory, way.name)
    except OSError as error:  # a link is none that is followed: it would be swapped, not its file
        raise HostError(
            f"the database {path} cannot be opened: {error.strerror}",
            f"namei -l {path}; set name in [database] to the file itself: readlink -f {path}",
        ) from error
    try:
        status, head = os.fstat(opened), os.pread(opened, 20, 0)
    finally:
        os.close(opened)
    return LiveFile(path, owner(path, status), status, head[18:19] == bytes([WAL]))


def owner(path: str, status: os.stat_result) -> str:
    """Return the account of a file, "" for who we are; never root.

    Raises:
        HostError: it is root's, of nobody, or not ours.
    """
    if os.geteuid():
        if status.st_uid == os.geteuid():
            return ""
        raise HostError(
            f"the database {path} belongs to {reach.account(status.st_uid)}, not to this account",
            "set [target] sudo = true in rollback.toml",
        )
    try:
        name = pwd.getpwuid(status.st_uid).pw_name if status.st_uid else ""
    except KeyError:
        name = ""
    if not name:
        raise HostError(
            f"the database {path} belongs to {reach.account(status.st_uid)}: nothing of it is "
            "opened as root",
            f"give file and directory to the account of the service: chown SERVICE {path}",
        )
    return name


def holders(names_: FileNames) -> Iterator[str]:
    """Yield the processes that have the live file open, or what lies beside it."""
    live = os.path.join(names_.directory, names_.live)
    mine = identities(live + end for end in ("", *ENDS))
    for pid in os.listdir("/proc"):
        with contextlib.suppress(OSError):  # it is gone by now
            if pid.isdigit() and int(pid) != os.getpid() and has_open(int(pid), mine):
                with open(f"/proc/{pid}/comm", encoding="utf-8", errors="replace") as file:
                    yield f"{file.read().strip()} ({pid})"


def restored(state: str, live: LiveFile) -> Optional[Tuple[str, str]]:
    """Return the dump and the record that the live file was restored by, None where it was not."""
    try:
        directory = places.opened(state)
    except places.Absent:
        return None
    try:
        opened = open_regular(directory, STAMP)
    except (Irregular, OSError):
        return None
    finally:
        os.close(directory)
    with os.fdopen(opened, "rb") as file:
        try:
            told = json.loads(file.read(1 << 16))
            same = [live.path, live.status.st_dev, live.status.st_ino]
            return (told["dump"], told["record"]) if told["file"] == same else None
        except (ValueError, KeyError, TypeError):
            return None


def answer(request: PingRequest) -> Ping:
    """Return whether a database can be read, by the account that owns it."""
    began, path = time.monotonic(), request.database.name
    try:
        live = found(request.database)
        library.asked("read", live.account, request.timeout, path=path, queries=QUESTION)
    except library.UnfitDatabase as problem:
        return Ping(f"the database {path} {problem.message}", 0.0)
    except HostError as problem:
        return Ping(problem.message, 0.0)
    return Ping("", time.monotonic() - began)


QUESTION = [["SELECT count(*) FROM sqlite_master", []]]


def problem_of(error: HostError) -> DatabaseProblem:
    """Return an error as what stands in the way of a restore."""
    return DatabaseProblem(error.message, error.hint)
