"""Dumps of a real PostgreSQL, whole and damaged: what can be relied on, and what cannot."""

from __future__ import annotations

import gzip
import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_rollback.agent.database import dump_file
from pytest_rollback.agent.database.messages import DumpRequest, DumpState
from pytest_rollback.agent.database.postgresql import dump, sql_script
from tests.unit.support.dumped import server

if TYPE_CHECKING:
    from collections.abc import Iterator

FORMATS = {
    "plain": ("-Fp",),
    "custom": ("-Fc",),
    "tar": ("-Ft",),
    "directory": ("-Fd",),
}


class Dumps:
    """One dump in each format, as pg_dump wrote them; made once, damaged in copies."""

    def __init__(self, place: Path, tools: Path) -> None:
        self.place, self.tools = place, tools

    def copy(self, kind: str, to: Path) -> Path:
        """Return a copy of one to damage."""
        source, target = self.place / kind, to / kind
        if source.is_dir():
            shutil.copytree(source, target)
        else:
            shutil.copy2(source, target)
        return target

    def look(self, path: Path, **different: Any) -> DumpState:  # noqa: ANN401 - any field
        """Ask about a dump."""
        request = DumpRequest(str(path), str(self.tools), 30.0)
        return dump.look(request._replace(**different))


@pytest.fixture(scope="module")
def dumps() -> Iterator[Dumps]:
    """Dumps in all formats, of a table that is larger than any buffer."""
    with server() as database:
        for kind, options in FORMATS.items():
            database.dump("postgres", database.directory / kind, *options)
            database.dump("template1", database.directory / f"none-{kind}", *options)
        yield Dumps(database.directory, database.tools)


@pytest.mark.parametrize("kind", FORMATS)
def test_a_dump_of_an_empty_database_is_told(dumps: Dumps, kind: str) -> None:
    """It is whole, and brings nothing back."""
    assert dumps.look(dumps.place / f"none-{kind}").problems == ("has no tables",)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_an_archive_is_read_by_nobody_of_weight(dumps: Dumps) -> None:
    """As the account that is named, though only we may read the file."""
    with tempfile.TemporaryDirectory() as home:
        place = Path(home)
        place.chmod(0o777)
        tool = place / "pg_restore"
        tool.write_text(f"#!/bin/sh\nid -un >> {place}/who\ncat > /dev/null\n")
        tool.chmod(0o755)
        archive = dumps.copy("custom", place)
        archive.chmod(0o600)
        place.chmod(0o755)
        (place / "who").touch()
        (place / "who").chmod(0o666)
        found = dumps.look(archive, tools=home, account="nobody")

        assert found.tool == str(tool)
        assert set((place / "who").read_text().split()) == {"nobody"}


@pytest.mark.parametrize("kind", FORMATS)
def test_a_whole_dump_is_told_by_looking(dumps: Dumps, tmp_path: Path, kind: str) -> None:
    """Each format is known without its name, with the tool that it needs, its size and its age."""
    path = dumps.copy(kind, tmp_path)
    os.utime(path, (time.time() - 3600,) * 2)
    found = dumps.look(path)

    assert (found.format, found.problems, found.timed_out) == (kind, (), False)
    assert Path(found.tool).name == ("psql" if kind == "plain" else "pg_restore")
    assert found.bytes > 100_000
    assert 3590 < found.age < 3700


def largest(path: Path) -> Path:
    """Return the file to damage: the dump itself, or the largest one of its directory."""
    return max(path.iterdir(), key=lambda one: one.stat().st_size) if path.is_dir() else path


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("left", [0.1, 0.5, 0.99])
def test_a_truncated_dump_is_seen(dumps: Dumps, tmp_path: Path, kind: str, left: float) -> None:
    """A dump that lost its end cannot be relied on, although its table of contents is fine."""
    path = dumps.copy(kind, tmp_path)
    file = largest(path)
    os.truncate(file, int(file.stat().st_size * left))

    assert dumps.look(path).problems


@pytest.mark.parametrize("kind", ["custom", "directory"])
def test_a_flipped_bit_is_seen_where_there_is_a_checksum(
    dumps: Dumps, tmp_path: Path, kind: str
) -> None:
    """Compressed data carries checksums, and the whole archive is read."""
    path = dumps.copy(kind, tmp_path)
    file = largest(path)
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 0x10
    file.write_bytes(content)

    assert "pg_restore cannot read all of it" in dumps.look(path).problems[0]


def test_a_plain_dump_with_broken_bytes_is_seen(dumps: Dumps, tmp_path: Path) -> None:
    """Text that is not in its own encoding, and bytes that no text has, are told."""
    path = dumps.copy("plain", tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole.replace("é".encode(), b"\xc3(", 1))
    assert dumps.look(path).problems == ("is not valid UTF-8, although it declares UTF-8",)

    path.write_bytes(whole.replace(b"INSERT", b"IN\0ERT").replace(b"COPY", b"CO\0Y", 1))
    assert dumps.look(path).problems == ("contains NUL bytes, which SQL does not allow",)


def test_a_compressed_plain_dump_is_read_through(dumps: Dumps, tmp_path: Path) -> None:
    """Compressed SQL is known, and its own end is looked for."""
    path = tmp_path / "dump.sql.gz"
    whole = gzip.compress((dumps.place / "plain").read_bytes())
    path.write_bytes(whole)
    path.chmod(0o600)
    found = dumps.look(path)
    assert (found.format, found.problems) == ("plain, gzip", ())

    path.write_bytes(whole[: len(whole) // 2])
    assert "cannot be read completely" in dumps.look(path).problems[0]
    path.write_bytes(whole[:20])
    assert "cannot be read completely" in dumps.look(path).problems[0]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"hello", "is not a PostgreSQL dump"),
        (gzip.compress(b"hello", mtime=0), "is not a PostgreSQL dump"),
        (b"PGDMP garbage", "pg_restore cannot read all of it"),
        (b"--\n-- PostgreSQL database dump\n--\n", "is cut off"),
    ],
)
def test_what_is_no_dump_is_told(dumps: Dumps, tmp_path: Path, content: bytes, words: str) -> None:
    """A file that no tool would take has a word of its own."""
    path = tmp_path / "dump"
    path.write_bytes(content)
    path.chmod(0o600)

    (said,) = dumps.look(path).problems
    assert said.startswith(words)


def test_a_dump_that_others_can_read_is_told(dumps: Dumps, tmp_path: Path) -> None:
    """A dump holds everybody's data: also each file of a directory is looked at."""
    path = dumps.copy("custom", tmp_path)
    path.chmod(0o644)
    assert dumps.look(path).problems == ("can be read or written by anybody (mode 0644)",)

    path = dumps.copy("directory", tmp_path)
    for file in path.iterdir():
        file.chmod(0o600)
    (path / "toc.dat").chmod(0o644)
    path.chmod(0o755)
    assert dumps.look(path).problems == (
        "its toc.dat can be read or written by anybody (mode 0644)",
    )
    path.chmod(0o700)
    assert dumps.look(path).problems == ()


def test_what_is_not_there_is_told(dumps: Dumps, tmp_path: Path) -> None:
    """No dump, a directory without a table of contents, a fifo: each in words, none blocks."""
    os.mkfifo(tmp_path / "fifo")

    assert dumps.look(tmp_path / "nothing").problems == ("No such file or directory",)
    (tmp_path / "empty").mkdir()
    assert dumps.look(tmp_path / "empty").problems == ("is empty",)
    assert "is not a PostgreSQL dump" in dumps.look(Path(__file__).parent).problems[-1]
    assert dumps.look(tmp_path / "fifo").problems == ("is empty",)


@pytest.mark.parametrize(("kind", "name"), [("plain", "psql"), ("custom", "pg_restore")])
def test_a_tool_that_is_missing_is_named(
    dumps: Dumps, tmp_path: Path, kind: str, name: str
) -> None:
    """A dump without its tool brings nothing back."""
    found = dumps.look(dumps.place / kind, tools=str(tmp_path))

    assert found.problems == (f"needs {name}, which is not installed",)


@pytest.mark.parametrize("kind", ["plain", "custom"])
def test_time_that_is_up_proves_nothing(dumps: Dumps, tmp_path: Path, kind: str) -> None:
    """A dump that takes too long to read is not called good, nor bad."""
    slow = tmp_path / "pg_restore"
    slow.write_text("#!/bin/sh\nsleep 30\n")
    slow.chmod(0o755)
    (tmp_path / "psql").symlink_to(slow)
    found = dumps.look(dumps.place / kind, tools=str(tmp_path), timeout=0.0)

    assert (found.timed_out, found.problems) == (True, ())


def test_a_script_without_a_last_newline_is_read_to_its_end() -> None:
    """The last line counts; the end of a comment that never began is passed over."""
    text = b"SELECT 1 */ 2;\nCREATE TABLE a ();\nDROP DATABASE shop"
    found = sql_script.read(dump_file.lines_of([text[:20], text[20:]]))

    assert found.tables.made == {"public.a"}
    assert found.refused == ["line 3: DROP DATABASE"]
