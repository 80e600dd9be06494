"""Whether a log is whole since a start and in order; and what several logs say together."""

from __future__ import annotations

import os
from typing import NamedTuple, Optional, Sequence

from ...errors import shortened
from ...messages.logs import LogReport
from . import log_file
from .reading import LineRead

QUIET = 5.0
"""Seconds after its start in which a program need not have written its first line."""

BACK = 60.0
"""Seconds that a line may be older than the start below one that is younger: writers overtake."""

FINDINGS = 200
"""Findings of one component that are listed; more are only counted."""

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
            said = f" above the line {shortened(below.text, SHOWN)!r}" if below else " at the end"
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
        f"{path}: times go back, {where}: {shortened(line.text, SHOWN)!r}",
        f"tail -n 200 {path}; log all lines with the time zone, from one clock",
    )


def short(path: str, part: log_file.LogTail, first: int, seen: float) -> Doubt:
    """Return that a log begins after the start, `seen` seconds ago, with its line `first`."""
    return Doubt(
        f"{path}: only the last {seen:.0f} s were seen: its first line is "
        f"{shortened(part.lines[first].text, SHOWN)!r}, and no rotated file holds what was before",
        f"ls -lt {os.path.dirname(path)}; keep rotated files beside the log",
    )


def with_others(report: LogReport, others: Sequence[LogReport]) -> LogReport:
    """Return a report with the errors of files beside the described logs.

    How long a component was seen is told by its own logs: these need not say anything.
    """
    if not others:
        return report
    both = together([report, *others])
    doubts = [each for each in (report, *others) if each.problem]
    wrong = doubts[0] if doubts else report
    return both._replace(
        log=report.log,
        seen=report.seen,
        lines=report.lines,
        problem=wrong.problem,
        hint=wrong.hint,
        met=tuple(any(each) for each in zip(*(one.met for one in (report, *others) if one.met))),
        unread=report.unread,
    )


def together(reports: Sequence[LogReport]) -> LogReport:
    """Return what several logs say as one: it was seen for as long as the least of them."""
    wrong = next((each for each in reports if each.problem), reports[0])
    findings = tuple(f"{each.log}: {line}" for each in reports for line in each.findings)
    return LogReport(
        log=", ".join(each.log for each in reports),
        seen=min(each.seen for each in reports),
        lines=sum(each.lines for each in reports),
        noise=sum(each.noise for each in reports),
        errors=sum(each.errors for each in reports),
        findings=findings[:FINDINGS],
        files=tuple(name for each in reports for name in each.files),
        bytes=sum(each.bytes for each in reports),
        problem=wrong.problem,
        hint=wrong.hint,
        met=tuple(any(each) for each in zip(*(each.met for each in reports))),
    )
