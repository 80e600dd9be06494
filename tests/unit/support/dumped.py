"""A real PostgreSQL of a test's own, to make dumps with; of one of two major versions."""

from __future__ import annotations

import contextlib
import re
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_rollback.extras.sandbox.common.postgres import (
    Postgres,
    bring_tools,
    demoted,
    shipped,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

ROWS = "INSERT INTO t SELECT i, md5(i::text) || 'é' FROM generate_series(1, 20000) AS i"
NEWEST, OLDER = "newest", "older"


@contextlib.contextmanager
def server(settings: str = "", programs: Path | None = None) -> Iterator[Postgres]:
    """Yield a server with one table, larger than any buffer; all of it is gone afterwards.

    `settings` are lines for its configuration, `programs` is a folder with those of a major version
    (`MAJORS`), None for the newest one.
    """
    place = Path(tempfile.mkdtemp(prefix="pg-"))
    place.chmod(0o711)
    bring_tools(place, programs)
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    server = Postgres.at(place, port, programs)
    server.initialise()
    with (place / "data/postgresql.conf").open("a") as file:
        file.write(settings)
    daemon = subprocess.Popen(
        [server.tools / "postgres", "-D", place / "data"],
        cwd=place,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        **demoted(),
    )
    try:
        server.wait()
        server.sql(f"CREATE TABLE t (i int PRIMARY KEY, words text); {ROWS}")
        yield server
    finally:
        daemon.terminate()
        daemon.wait(20)
        shutil.rmtree(place)


def version(programs: Path) -> int:
    """Return the major version of a folder with programs."""
    words = [programs / "postgres", "--version"]
    said = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    found = re.search(r"\(PostgreSQL\) (\d+)", said)
    assert found, said
    return int(found[1])


def majors() -> dict[str, Path]:
    """Return the programs of two major versions: the wheel's newest, and the oldest one here."""
    system = Path("/usr/lib/postgresql").glob("*/bin/postgres")
    found = sorted([*(each.parent for each in system), *shipped()], key=version)
    return {NEWEST: shipped()[-1], OLDER: found[0]}


MAJORS = majors()


@contextlib.contextmanager
def newest(place: Path) -> Iterator[Path]:
    """Yield the newest programs, where every account can reach them."""
    place.chmod(0o755)
    bring_tools(place, MAJORS[NEWEST])
    yield Postgres.at(place, 0, MAJORS[NEWEST]).tools
    shutil.rmtree(place)
