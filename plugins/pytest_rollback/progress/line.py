"""The line that ticks: elapsed, phase against its budget, margin, and what happens now.

::

    0m41s files 0m12s of 7m00s, 14m19s left: restore 312 files (4 s)
    0m08s readiness, 12 of 40: asks shop-1 for response times (3 s of 120 s)
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from pytest_rollback.text.quantities import clock

if TYPE_CHECKING:
    from pytest_rollback.progress.activity import Activity, Progress, Stage

NOTICED = 2.0
"""Seconds after which the line says since when something is waited for."""

LEAST = 20
"""Cells that are left to the words, however long the rest is."""


def line(progress: Progress, now: float, width: int) -> str:
    """Return where a process stands, in at most `width` cells; long words are cut, never wrapped.

    Args:
        progress: where it stands.
        now: `time.monotonic()`.
        width: cells of the terminal.
    """
    under_way = progress.now()
    head = ", ".join(filter(None, (_stage(progress, now), _margin(progress, now))))
    words = under_way.words if under_way else progress.current or "at work"
    tail = _waited(under_way, now) if under_way else ""
    since = progress.began if progress.decided is None else progress.decided
    start = f"{clock(now - since)} " + (f"{head}: " if head else "")
    room = max(LEAST, width - cells(start) - cells(tail))
    return cut(start + cut(plain(words), room) + tail, width)


def _stage(progress: Progress, now: float) -> str:
    """Return the phase: what it took of its budget, or how many criteria of a suite are done."""
    stage = progress.stage
    if stage is None:
        return ""
    if progress.decided is not None and stage.budget is not None:
        return f"{stage.name} {_against(stage, now)}"
    return stage.name + (f", {progress.done} of {progress.total}" if progress.total else "")


def _against(stage: Stage, now: float) -> str:
    took = now - stage.since
    over = " (over)" if stage.budget is not None and took > stage.budget else ""
    return f"{clock(took)} of {clock(stage.budget)}{over}"


def _margin(progress: Progress, now: float) -> str:
    """Return what is left of the objective of a rollback; "" where none is carried out."""
    if progress.decided is None:
        return ""
    left = progress.objective - (now - progress.decided)
    return f"{clock(left)} left" if left >= 0 else f"{clock(-left)} too late"


def _waited(activity: Activity, now: float) -> str:
    """Return since when something is under way, "" for what has just begun."""
    took = now - activity.since
    if took < NOTICED:
        return ""
    limit = f" of {activity.limit:.0f} s" if activity.limit else ""
    return f" ({took:.0f} s{limit})"


def plain(text: str) -> str:
    """Return a text that stays on its line and makes no terminal act."""
    return "".join(each if each.isprintable() else " " for each in text)


def cells(text: str) -> int:
    """Return how many cells of a terminal a text takes."""
    return sum(map(_cells, text))


def cut(text: str, width: int) -> str:
    """Return as much of a text as so many cells hold; … stands for what does not fit."""
    if cells(text) <= width:
        return text
    kept, left = "", width - 1
    for each in text:
        left -= _cells(each)
        if left < 0:
            break
        kept += each
    return f"{kept}…"


def _cells(letter: str) -> int:
    if unicodedata.combining(letter):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1
