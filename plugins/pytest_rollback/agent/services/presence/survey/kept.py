"""Directories of a release that hold the files of its own units."""

from __future__ import annotations

import os
from typing import Iterable, Iterator, Sequence, Tuple

from ....files import lookup
from ....messages.services.survey import SurveyedUnit

DEEP = 3
"""Directories below the root that are looked through, one in the other."""

WIDE = 400
"""Directories in all that are looked at."""

SKIPPED = frozenset(
    [
        "__pycache__",
        "build",
        "dist",
        "env",
        "log",
        "logs",
        "media",
        "node_modules",
        "site-packages",
        "static",
        "target",
        "tmp",
        "uploads",
        "vendor",
        "venv",
    ]
)


def unit_files(units: Sequence[SurveyedUnit], tops: Iterable[str]) -> Iterator[Tuple[str, str]]:
    """Yield the directory, and the name, of each file below some trees that is called as a unit's.

    The unit files in use count as well, where they lie there.
    """
    wanted = {os.path.basename(path) for unit in units for path in unit.files[:1]}
    places = {place for unit in units for place, _ in unit.places[:1]}
    for top in dict.fromkeys([*filter(None, tops), *sorted(places)]):
        left, seen = [(top, 0)], 0
        while left and seen < WIDE:
            place, depth = left.pop(0)
            seen += 1
            for name in names(place):
                path = os.path.join(place, name)
                if name in wanted and lookup.kind(path, follow=False) == "file":
                    yield place, name
                elif depth < DEEP and _is_searched(path, name):
                    left.append((path, depth + 1))


def _is_searched(path: str, name: str) -> bool:
    is_out = name in SKIPPED or name.startswith(".")
    return not is_out and lookup.kind(path, follow=False) == "directory"


def names(place: str) -> Sequence[str]:
    """Return what is in a directory; nothing of one that cannot be read, or has too much."""
    try:
        return lookup.names(place, WIDE)
    except OSError:
        return ()
