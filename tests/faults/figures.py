"""What the proofs measured, one line per promise, printed at the end of the run."""

from __future__ import annotations

import os
from typing import Any

ASKED = os.environ.get("ROLLBACK_FAULTS", "")
"""`all`: everything is run, as `make faults` does; `mutants`: its proofs on each mutant, as `make
mutants` does; `few`: what `make test` has time for; a number: one in so many of each sweep."""

EVERYTHING = ASKED == "all"
MATRIX = ASKED == "mutants"
FEW = ASKED == "few"

SPARSE = 4
"""How many times fewer the few are."""

FIGURES: dict[str, list[str]] = {}
CAUGHT: dict[str, dict[str, bool]] = {}
"""Which proof catches which mutant."""


def measured(promise: str, figure: str) -> None:
    """Keep a measured figure for the summary."""
    FIGURES.setdefault(promise, []).append(figure)


def caught(mutant: str, proofs: dict[str, bool]) -> None:
    """Keep which proofs catch a mutant, for the table."""
    CAUGHT[mutant] = proofs


def table() -> list[str]:
    """Return the mutants as a table; none if none was judged."""
    if not CAUGHT:
        return []
    names = list(next(iter(CAUGHT.values())))
    found = sum(any(proofs.values()) for proofs in CAUGHT.values())
    rows = [
        [mutant, *("caught" if proofs[name] else "-" for name in names)]
        for mutant, proofs in CAUGHT.items()
    ]
    return [
        f"harness sensitivity: {found} of {len(CAUGHT)} mutants caught",
        "",
        *(f"| {' | '.join(cells)} |" for cells in (["mutant", *names], ["---"] * len(rows[0]))),
        *(f"| {' | '.join(cells)} |" for cells in rows),
    ]


def handed_over() -> list[Any]:
    """Return what was measured here, for `merge` in another process."""
    return [FIGURES, CAUGHT]


def merge(found: list[Any] | None) -> None:
    """Take in what was measured in another process."""
    told, mutants = found or ({}, {})
    for promise, said in told.items():
        FIGURES.setdefault(promise, []).extend(said)
    CAUGHT.update(mutants)


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
    return [*sorted(shown), *table()]
