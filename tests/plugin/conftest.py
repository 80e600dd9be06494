"""What several files of tests share: a village, up once for each process that runs tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.plugin.village import Village


@pytest.fixture(scope="session")
def running() -> Iterator[Village]:
    """One village for all tests, each of which finds it as it was after its deploy."""
    village = Village()
    yield village
    village.down()


@pytest.fixture
def village(running: Village) -> Iterator[Village]:
    """The village with its current release deployed and healthy."""
    yield running
    running.reset()
