"""What users get at the edge, asked at a steady pace: system, maintenance page, or error."""

from __future__ import annotations

import re
import time
from typing import Any

from .http import Http

LONGEST = 60.0
"""Seconds of one window at most."""


def kind(status: int | None, body: str, edge: dict[str, Any]) -> str:
    """Return what a user got: `up`, `maintenance` or `error`.

    The maintenance page is looked for first: where it comes with the same status as the system,
    its text tells them apart. Without a text to look for, that status is the system's.
    """
    page = edge.get("maintenance") or {}
    told = status is not None and status == page.get("status")
    if told and (page["body"] or status != edge["status"]) and re.search(page["body"], body):
        return "maintenance"
    return "up" if status == edge["status"] else "error"


def watch(question: dict[str, Any]) -> dict[str, Any]:
    """Ask the edge for some `seconds` and return each answer.

    `samples` are `[asked, answered, kind]` in seconds since the window's begin; `seconds` is how
    long the window really was, and `problem` is the last reason why no answer came.
    """
    edge = question["edge"]
    begin, length = time.monotonic(), min(LONGEST, float(question["seconds"]))
    samples: list[list[Any]] = []
    problem, due = None, 0.0
    client = Http({"url": edge["url"], "timeout": edge["timeout"]})
    try:
        while due < length:
            time.sleep(max(0.0, begin + due - time.monotonic()))
            asked = time.monotonic() - begin
            answer = client.ask()
            answered = time.monotonic() - begin
            samples.append([asked, answered, kind(answer.status, answer.body, edge)])
            problem = answer.problem or problem
            due = after(due, answered, float(edge["interval"]))
    finally:
        client.close()
    return {"samples": samples, "seconds": time.monotonic() - begin, "problem": problem}


def after(due: float, now: float, interval: float) -> float:
    """Return when to ask next: on the same beat, at the first one that is not over."""
    missed = max(0, int((now - due) / interval))
    return due + (missed + 1) * interval
