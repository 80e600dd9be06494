"""Each defect of the library is played: the verdict that is right, and no red beside it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.sabotage import matrix
from tests.sabotage.defect import library
from tests.sabotage.player import Player

LIBRARY = library()
RESULTS = os.environ.get("ROLLBACK_SABOTAGE", "")
"""A folder into which each ending is written, for the table of `make sabotage`."""


@pytest.mark.parametrize("name", LIBRARY)
def test_a_defect_is_seen(player: Player, name: str) -> None:
    """The run says what is right of this defect."""
    defect = LIBRARY[name]
    ending = player.play(defect)
    faults = list(ending.faults(defect))
    if RESULTS:
        matrix.keep(Path(RESULTS), defect, ending, faults)
    assert not faults, "\n".join([*faults, ending.printed])
