"""What users get at the edge, asked at regular intervals: system, maintenance page, or error."""

from __future__ import annotations

import time
from typing import List, Optional, Tuple

from ...messages.probes.edge import EdgeWindow, WatchedEdge, WatchRequest
from ...messages.probes.sample import ProbeSpec
from ..logs.timelimit import Slow
from .http import Http
from .patterns import found

LONGEST = 60.0
"""Seconds of one window at most."""


def judged(status: Optional[int], body: str, edge: WatchedEdge) -> Tuple[str, Optional[str]]:
    """Return what a user got, `up`, `maintenance` or `error`; and why it could not be told."""
    try:
        return _kind(status, body, edge), None
    except Slow as slow:
        return "error", str(slow)


def _kind(status: Optional[int], body: str, edge: WatchedEdge) -> str:
    """Return what a user got.

    The maintenance page is looked for first: its own text tells it whatever the status is, which a
    cache may have changed. Without a text to look for, the system's status is the system's.
    """
    page = edge.page
    if page and page.text and found(page.text, body):
        return "maintenance"
    told = page is not None and status == page.status
    if page and told and (page.body or status != edge.status) and found(page.body, body):
        return "maintenance"
    return "up" if status == edge.status and found(edge.body, body) else "error"


def watch(request: WatchRequest) -> EdgeWindow:
    """Ask the edge for some seconds, at most `LONGEST`, and return each answer."""
    edge = request.edge
    begin, length = time.monotonic(), min(LONGEST, request.seconds)
    samples: List[Tuple[float, float, str]] = []
    problem, due = None, 0.0
    client = Http(ProbeSpec(url=edge.url, method=edge.method, timeout=edge.timeout))
    try:
        while due < length:
            time.sleep(max(0.0, begin + due - time.monotonic()))
            asked = time.monotonic() - begin
            answer = client.ask()
            answered = time.monotonic() - begin
            got, slow = judged(answer.status, answer.body, edge)
            samples.append((asked, answered, got))
            problem = answer.problem or slow or problem
            due = after(due, answered, edge.interval)
    finally:
        client.close()
    return EdgeWindow(tuple(samples), time.monotonic() - begin, problem)


def after(due: float, now: float, interval: float) -> float:
    """Return when to ask next: at a whole number of intervals, and not in the past."""
    missed = max(0, int((now - due) / interval))
    return due + (missed + 1) * interval
