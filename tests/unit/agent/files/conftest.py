"""A directory of the service's account, beside what root has."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.unit.support.apart import NOBODY

if TYPE_CHECKING:
    from pathlib import Path

TELLS = "#!/bin/sh\nid -u\n"
"""A program that tells who runs it."""


@pytest.fixture
def his(open_place: Path) -> Path:
    """A directory of the service's account with programs that tell who runs them, and data.

    `open_place` around it is root's, and everybody can reach it.
    """
    place = open_place / "his"
    place.mkdir()
    for name in ("check", "python"):
        (place / name).write_text(TELLS)
        (place / name).chmod(0o755)
    (place / "numbers.csv").write_text("1\n")
    for path in (place, *place.iterdir()):
        os.chown(path, NOBODY, NOBODY)
    return place
