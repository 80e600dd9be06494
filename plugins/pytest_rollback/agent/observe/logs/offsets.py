"""Where a log ended right before its unit was started: what lies above is surely of before.

A traceback has no time of its own. Without a mark one from just before the start cannot be told
from one just after it, and has to count.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import re
import stat
import time
from typing import Any, BinaryIO, NamedTuple, Optional

from ...files import reach
from ...files.handles import open_regular
from ...state import directory as places

NAME = "log-marks.json"
FRESH = ".log-marks.json.new"
FLAGS = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
PRIVATE = 0o600

TOLD = re.compile(rb"(?m)^(flags|ino):[ \t]{0,9}(\d{1,20})$")
WRITES = 0o3
HEAD = 4096
"""What `fdinfo` tells of an open file, the flags that let it be written, and bytes of either."""

LAST = 512
"""Bytes right above a mark that have to be the same: a log may be emptied and grow again."""


class LogMark(NamedTuple):
    """The byte at which a log begins to count, and the epoch seconds of then; 0 for none."""

    begin: int = 0
    at: float = 0.0


def opened(path: str, *, follow: bool = True) -> BinaryIO:
    """Open a log, a regular file, for reading; one that a process has open, as it has it.

    Raises:
        OSError: it is missing, no regular file, or may not be read by who led us to it.
    """
    if not path.startswith("/proc/"):
        return reach.file(path, follow=follow)
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    found = os.fstat(handle)
    if stat.S_ISREG(found.st_mode) and _is_its_own(path, found, handle):
        return open(handle, "rb", buffering=0)
    os.close(handle)
    raise OSError(errno.EINVAL, "is not a regular file that the process may write or read", path)


def status(path: str) -> os.stat_result:
    """Return what the system knows of a log, or of a file that a process has open.

    Raises:
        OSError: it is missing, or may not be reached by who led us to it.
    """
    return os.stat(path) if path.startswith("/proc/") else reach.status(path)


def _is_its_own(path: str, found: os.stat_result, handle: int) -> bool:
    """Return whether a process can write, or read, a file that it has open.

    It may have a mere handle of any file, for which it needs no right, and we would open that.
    """
    process, _, number = path.rpartition("/fd/")
    with open(f"{process}/fdinfo/{number}", "rb") as file:
        told = dict(TOLD.findall(file.read(HEAD)))
    writes = int(told.get(b"flags", b"0"), 8) & WRITES
    if writes and told.get(b"ino") == b"%d" % found.st_ino:
        return True
    owners = reach.strangers(os.stat(process).st_uid)
    return all(reach.may(uid, found, handle, stat.S_IROTH) for uid in owners)


def taken(path: str) -> Optional[dict[str, Any]]:
    """Return where a log file ends now; None for a journal, and where there is no such file."""
    if not path.startswith("/"):
        return None
    try:
        with opened(path) as file:
            found = os.fstat(file.fileno())
            return {**_mark(file.fileno(), found, found.st_size), "at": time.time()}
    except OSError:
        return None


def _mark(opened: int, found: os.stat_result, size: int) -> dict[str, Any]:
    above = os.pread(opened, min(LAST, size), max(0, size - LAST))
    digest = hashlib.sha256(above).hexdigest()
    return {"file": [found.st_dev, found.st_ino], "size": size, "above": digest}


def keep(state: str, path: str, mark: Optional[dict[str, Any]]) -> None:
    """Keep the mark of a log, atomically and durably; for lock holders."""
    if mark is None:
        return
    directory = places.made(state)
    try:
        text = json.dumps({**_known(directory), path: mark}).encode("ascii")
        with os.fdopen(os.open(FRESH, FLAGS, PRIVATE, dir_fd=directory), "wb") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.rename(FRESH, NAME, src_dir_fd=directory, dst_dir_fd=directory)
        os.fsync(directory)
    finally:
        os.close(directory)


def _known(directory: int) -> dict[str, Any]:
    try:
        with os.fdopen(open_regular(directory, NAME), "rb") as file:
            found = json.loads(file.read())
    except Exception:  # noqa: BLE001 - our bug must reach the controller as one, framed
        return {}
    return found if isinstance(found, dict) else {}


def marked(state: str, path: str) -> LogMark:
    """Return where a log begins to count; none where no mark fits the file of today."""
    if not state or not path.startswith("/"):
        return LogMark()
    with contextlib.suppress(Exception):  # no state directory, a damaged mark: all of it counts
        directory = places.opened(state)
        try:
            mark = _known(directory)[path]
        finally:
            os.close(directory)
        at = float(mark.pop("at", 0.0))
        with opened(path) as file:
            found = os.fstat(file.fileno())
            fits = found.st_size >= mark["size"]
            if fits and _mark(file.fileno(), found, mark["size"]) == mark:
                return LogMark(int(mark["size"]), at)
    return LogMark()
