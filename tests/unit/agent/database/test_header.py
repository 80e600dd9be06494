"""What a dump says of itself, whichever version has made it."""

from __future__ import annotations

import gzip
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_rollback.agent.database.postgresql import dump_header
from pytest_rollback.agent.database.postgresql.dump_header import DumpHeader
from tests.unit.support.databases import FORMATS
from tests.unit.support.dumped import MAJORS, server, version

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_rollback.extras.sandbox.common.postgres import Postgres


@pytest.fixture(scope="module", params=MAJORS)
def postgres(request: pytest.FixtureRequest) -> Iterator[Postgres]:
    """A server of each major version."""
    with server(programs=MAJORS[request.param]) as found:
        yield found


@pytest.fixture(scope="module")
def dumps(postgres: Postgres) -> dict[str, Path]:
    """A dump in each format."""
    found = {}
    for kind, options in FORMATS.items():
        found[kind] = postgres.directory / kind.replace(", ", "-")
        postgres.client("pg_dump", *options, "-s", "-f", str(found[kind]), "postgres")
    gzipped = found["plain, gzip"]
    gzipped.write_bytes(gzip.compress(gzipped.read_bytes()))
    return found


@pytest.mark.parametrize("kind", FORMATS)
def test_a_dump_says_what_it_is_of(dumps: dict[str, Path], postgres: Postgres, kind: str) -> None:
    """Both versions, and of an archive the database and the time as well."""
    found = dump_header.of(str(dumps[kind]), kind)
    major = version(postgres.tools)

    assert found == dump_header.of_any(str(dumps[kind]))
    assert [dump_header.major_of(each) for each in (found.server, found.tool)] == [str(major)] * 2
    assert found.reader() == found.reader("9.6") == str(major)
    assert found.reader(str(major + 1)) == str(major + 1)
    assert (found.is_newer_than(str(major - 1)), found.is_newer_than(str(major))) == (True, False)
    if not kind.startswith("plain"):
        assert found.database == "postgres"
        assert abs(found.created - time.time()) < 600


@pytest.mark.parametrize("size", [0, 3, 5, 11, 12, 40, 70])
def test_a_beginning_that_is_cut_says_nothing(
    dumps: dict[str, Path], tmp_path: Path, size: int
) -> None:
    """Neither does anything else."""
    for kind in ("custom", "plain, gzip"):
        short = tmp_path / kind
        short.write_bytes(dumps[kind].read_bytes()[:size])
        assert dump_header.of_any(str(short)) == DumpHeader()
    for words in (
        b"PGDMP" + b"\xff" * 100,
        b"hello\n",
        b"PGDMP\x01\x0e\x00\x00\x08\x01" + b"0" * 99,
    ):
        (tmp_path / "odd").write_bytes(words)
        assert dump_header.of_any(str(tmp_path / "odd")) == DumpHeader()
    assert dump_header.of_any(str(tmp_path)) == dump_header.of_any("") == DumpHeader()


@pytest.mark.parametrize(
    ("words", "major"), [("18.4", "18"), ("9.6.24", "9.6"), ("15.18 (Debian)", "15"), ("", "0")]
)
def test_a_major_version_is_told_in_any_words(words: str, major: str) -> None:
    """Before 10 it has two numbers."""
    assert dump_header.major_of(words) == major
