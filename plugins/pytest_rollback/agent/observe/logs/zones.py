"""The zone of times that are written without one: that of the writer, not that of the reader."""

from __future__ import annotations

import contextlib
import os
import time
from typing import Iterator, Optional

from ...system.processes import environ
from .offsets import opened
from .structured import LONGEST
from .timestamps import dated, moment

END = 1 << 16
"""Bytes at the end of a log in which its newest line is looked for."""

FITS = 3.0
"""Seconds that the newest line may be from when its file was written last."""

UTC = "UTC0"
UNTOLD = "?"
"""The zone of a process that does not tell: times are read as this host has them."""


def of_process(pid: int) -> str:
    """Return `TZ` of a process, "" where it has none, UNTOLD where it cannot be read."""
    found = environ(pid)
    return UNTOLD if found is None else found.get("TZ", "")


@contextlib.contextmanager
def read_in(zone: str) -> Iterator[None]:
    """Read times without a zone as those of this one; of "" as those of the host."""
    before = os.environ.get("TZ")
    if zone in (UNTOLD, before or ""):
        yield
        return
    _set(zone)
    try:
        yield
    finally:
        _set(before)


def _set(zone: Optional[str]) -> None:
    if zone:
        os.environ["TZ"] = zone
    else:
        os.environ.pop("TZ", None)
    time.tzset()
    dated.cache_clear()


def of_log(path: str, pid: int) -> str:
    """Return the zone in which the newest line of a log is as old as its last write.

    That of its process, where it is right or none is: many programs write UTC wherever they run.
    """
    own = of_process(pid)
    for zone in (own, UTC):
        with read_in(zone):
            if fits(path):
                return zone
    return own


def fits(path: str) -> bool:
    """Return whether the newest line of a log was written when its file was."""
    with contextlib.suppress(OSError), opened(path) as file:
        status = os.fstat(file.fileno())
        end = os.pread(file.fileno(), END, max(0, status.st_size - END))
        for line in reversed(end.split(b"\n")):
            found = moment(line[:LONGEST].decode("utf-8", "replace"))
            if found is not None:
                return abs(found.when - status.st_mtime) <= FITS
    return False
