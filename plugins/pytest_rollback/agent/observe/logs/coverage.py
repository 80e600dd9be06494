"""Whether a log file is whole since a start and in order, or which line speaks against it."""

from __future__ import annotations

import os
from typing import NamedTuple, Optional

from . import log_file
from .reading import LineRead

QUIET = 5.0
"""Seconds after its start in which a program need not have written its first line."""

BACK = 60.0
"""Seconds that a line may be older than the start below one that is younger: writers overtake."""

SHOWN = 80
"""Characters of a line that are shown."""


class Doubt(NamedTuple):
    """Why nothing can be concluded from a log, and what to do about it."""

    problem: str
    hint: str


def is_covered(part: log_file.LogTail, start: float, begun: float) -> bool:
    """Return whether a log is there from the start on: with a line, or a file, of before it.

    `begun` is the time of its first line since then.
    """
    if begun <= start + QUIET or part.is_before:
        return True
    when = next(line.when for line in part.lines if line.when is not None)
    return when < start or abs(log_file.birth(part.files[-1]) - start) <= QUIET


def doubt(path: str, part: log_file.LogTail, start: float, first: int) -> Optional[Doubt]:
    """Return why a log is doubtful since the start: holes in it, or times that go back.

    `first` is the first line since the start.
    """
    for hole in part.holes:
        below = next((line for line in part.lines[hole:] if line.when is not None), None)
        if below is None or (below.when or 0.0) >= start:
            said = f" above the line {below.text[:SHOWN]!r}" if below else " at the end"
            return Doubt(
                f"{path}: NUL bytes stand for lines that are lost{said}",
                f"ls -l {path}*; a log that is rotated with copytruncate has to be opened for "
                "appending",
            )
    for line in part.lines[first:]:
        if line.when is not None and line.when < start - BACK and line.level is not None:
            return backwards(path, line, "below lines since the start")
    return None


def backwards(path: str, line: LineRead, where: str) -> Doubt:
    """Return that a line is older than those above it, so that its time tells nothing."""
    return Doubt(
        f"{path}: times go back, {where}: {line.text[:SHOWN]!r}",
        f"tail -n 200 {path}; log all lines with the time zone, from one clock",
    )


def short(path: str, part: log_file.LogTail, first: int, seen: float) -> Doubt:
    """Return that a log begins after the start, `seen` seconds ago, with its line `first`."""
    return Doubt(
        f"{path}: only the last {seen:.0f} s were seen: its first line is "
        f"{part.lines[first].text[:SHOWN]!r}, and no rotated file holds what was before",
        f"ls -lt {os.path.dirname(path)}; keep rotated files beside the log",
    )
