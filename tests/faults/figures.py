"""What the proofs measured, one line per promise, printed at the end of the run."""

from __future__ import annotations

import os

ASKED = os.environ.get("ROLLBACK_FAULTS", "")
"""`all`: everything is run, as `make faults` does; `few`: what `make test` has time for; a number:
one in so many of each sweep."""

EVERYTHING = ASKED == "all"
FEW = ASKED == "few"

SPARSE = 4
"""How many times fewer the few are."""

FIGURES: dict[str, list[str]] = {}
TABLES: list[str] = []


def measured(promise: str, figure: str) -> None:
    """Keep a measured figure for the summary."""
    FIGURES.setdefault(promise, []).append(figure)


def table(text: str) -> None:
    """Keep a table for the summary."""
    TABLES.append(text)


def every(most: int) -> int:
    """Return the step of a sweep: one in `most` here, or as asked, or each of them."""
    if EVERYTHING:
        return 1
    return int(ASKED) if ASKED.isdigit() else most * SPARSE if FEW else most


def times(all_of_them: int, sample: int) -> int:
    """Return how often something is repeated: all times, in a sample, or among the few."""
    return all_of_them if EVERYTHING else max(1, sample // SPARSE) if FEW else sample


def lines() -> list[str]:
    """Return the figures as lines for people."""
    width = max(map(len, FIGURES), default=0)
    shown = [f"{promise:{width}}  {figure}" for promise, said in FIGURES.items() for figure in said]
    return [*shown, *(line for text in TABLES for line in ("", *text.splitlines()))]
