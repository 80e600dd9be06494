"""What the proofs measured, one line per promise, printed at the end of the run."""

from __future__ import annotations

import os

EVERYTHING = os.environ.get("ROLLBACK_FAULTS") == "all"
"""Whether all of each sweep is run, as `make faults` does, or a sample of it."""

FIGURES: dict[str, list[str]] = {}
TABLES: list[str] = []


def measured(promise: str, figure: str) -> None:
    """Keep a measured figure for the summary."""
    FIGURES.setdefault(promise, []).append(figure)


def table(text: str) -> None:
    """Keep a table for the summary."""
    TABLES.append(text)


def every(most: int) -> int:
    """Return the step of a sweep: one in `most` here, each when everything is run."""
    return 1 if EVERYTHING else most


def lines() -> list[str]:
    """Return the figures as lines for people."""
    width = max(map(len, FIGURES), default=0)
    shown = [f"{promise:{width}}  {figure}" for promise, said in FIGURES.items() for figure in said]
    return [*shown, *(line for text in TABLES for line in ("", *text.splitlines()))]
