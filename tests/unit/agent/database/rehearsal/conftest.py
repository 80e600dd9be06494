"""A shop with a database, and a place for throw-away servers."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.unit.agent.database.rehearsal.dumps import MORE, dump
from tests.unit.support.databases import Base, base
from tests.unit.support.dumped import MAJORS, NEWEST

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def running(request: pytest.FixtureRequest) -> Iterator[Base]:
    """A server that all tests of this file share; of the major version that a test asks for."""
    with base(MAJORS[getattr(request, "param", NEWEST)]) as found:
        yield found


@pytest.fixture
def scratch() -> Iterator[Path]:
    """A directory in which throw-away servers may be; nothing is left in it."""
    with tempfile.TemporaryDirectory(prefix="scratch-") as place:
        Path(place).chmod(0o1777)
        yield Path(place)
        assert list(Path(place).iterdir()) == []


@pytest.fixture
def shop(running: Base) -> Base:
    """The database with some more tables, and a custom dump of it."""
    running.fresh()
    running.sql("DROP TABLE goods; DROP TABLE empty; DROP FUNCTION cost;" + MORE)
    dump(running)
    return running
