"""One player for all defects of a process that runs tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sabotage.player import Player


@pytest.fixture(scope="session")
def player() -> Iterator[Player]:
    """A sandbox that can be brought to each stage."""
    player = Player()
    yield player
    player.down()
