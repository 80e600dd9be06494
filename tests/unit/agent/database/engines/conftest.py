"""A shop for each engine, in a directory that its account can reach."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.agent.database.engines.mariadb import MariadbShop
from tests.unit.agent.database.engines.mariadb_server import MariadbServerOfTests, running
from tests.unit.agent.database.engines.postgresql import PostgresqlShop
from tests.unit.agent.database.engines.shop import Shop
from tests.unit.agent.database.engines.sqlite import SqliteShop
from tests.unit.support.databases import Base, base
from tests.unit.support.dumped import MAJORS, OLDER


@pytest.fixture(scope="session")
def cluster() -> Iterator[Base]:
    """A PostgreSQL that all tests of this folder share."""
    with base() as found:
        yield found


@pytest.fixture(scope="session")
def older_cluster() -> Iterator[Base]:
    """A PostgreSQL of an older major version, likewise."""
    with base(MAJORS[OLDER]) as found:
        yield found


@pytest.fixture(scope="session")
def mariadb() -> Iterator[MariadbServerOfTests]:
    """A MariaDB that all tests of this folder share."""
    with running() as found:
        yield found


@pytest.fixture
def home() -> Iterator[Path]:
    """A directory that every user can reach."""
    place = Path(tempfile.mkdtemp())
    place.chmod(0o755)
    yield place
    shutil.rmtree(place)


@pytest.fixture(
    params=["postgresql-older", "postgresql", "mariadb", "sqlite-wal", "sqlite", "sqlite-plain"]
)
def shop(request: pytest.FixtureRequest, home: Path) -> Shop:
    """The database of an engine, with the current release live and the previous one dumped."""
    found: Shop
    engine, _, form = str(request.param).partition("-")
    if engine == "postgresql":
        cluster_ = "older_cluster" if form else "cluster"
        found = PostgresqlShop(request.getfixturevalue(cluster_))
    elif engine == "mariadb":
        found = MariadbShop(request.getfixturevalue("mariadb"), home)
    else:
        kind = "plain" if form == "plain" else "file"
        found = SqliteShop(home, wal=form == "wal", kind=kind)
    found.fresh()
    return found
