"""Directories in a tree that a package manager owns: it deletes what it has not put there."""

from __future__ import annotations

import os
from typing import Iterable, Iterator, Sequence, Tuple

from ....files import lookup
from ....messages.services.survey import SurveyedUnit
from . import kept

DEEP = 2
"""Directories below a tree that are looked through, one in the other."""

WIDE = 200
"""Directories in all that are looked at."""

VENV = "pyvenv.cfg"

OWNERS = {"node_modules": "npm ci deletes and makes it anew", "site-packages": "pip writes it"}
"""Names of such directories, and what happens to them."""


def directories(units: Sequence[SurveyedUnit], tops: Iterable[str]) -> Iterator[Tuple[str, str]]:
    """Yield each such directory in the trees of some units, with what happens to it."""
    places = {place for unit in units for place, _ in unit.places[:1]}
    for top in dict.fromkeys([*filter(None, tops), *sorted(places)]):
        left, seen = [(top, 0)], 0
        while left and seen < WIDE:
            place, depth = left.pop(0)
            seen += 1
            for name in kept.names(place):
                path = os.path.join(place, name)
                if lookup.kind(path, follow=False) != "directory":
                    continue
                why = OWNERS.get(name) or _venv(path)
                if why:
                    yield path, why
                elif depth < DEEP and name != ".git":
                    left.append((path, depth + 1))


def _venv(path: str) -> str:
    """Return what happens to a virtual environment, "" where a directory is none."""
    there = lookup.kind(os.path.join(path, VENV), follow=False) == "file"
    return "pip writes into this virtual environment" if there else ""
