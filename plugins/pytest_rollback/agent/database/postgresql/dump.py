"""A PostgreSQL dump: what it is, by looking at it, and whether it can be read to its end.

`pg_restore -l` reads the table of contents alone and is content with a truncated file, so archives
are read whole; of a tar it does not even then miss the end. A plain dump says itself that it is
complete; a flipped bit in its text is found only by the server that it is restored into.
"""

from __future__ import annotations

import codecs
import gzip
import os
import re
import stat
import tarfile
import time
import zlib
from typing import BinaryIO, Iterator, NamedTuple, Sequence

from ...files import lookup, reach
from ...system.command import CommandResult, run
from ..dump_file import exposure
from ..messages import DumpRequest, DumpState
from . import dump_header, tools

BLOCK = 1 << 20
BEGINNING = re.compile(rb"(--\n)?-- PostgreSQL database (cluster )?dump\n")
COMPLETE = re.compile(rb"^-- PostgreSQL database (cluster )?dump complete$", re.MULTILINE)
TABLE = re.compile(
    rb"^(?:CREATE (?:UNLOGGED |FOREIGN )?TABLE |CREATE MATERIALIZED VIEW |\\connect )",
    re.MULTILINE | re.IGNORECASE,
)
"""What fills a database; the dump of a cluster is told apart elsewhere."""

ENTRY = re.compile(r"^\d+; \d+ \d+ (?:(?:FOREIGN )?TABLE|MATERIALIZED VIEW) ", re.MULTILINE)
"""A table in an archive's list of contents."""

NO_TABLE = "has no tables"
TAIL = 4096
"""Bytes at a plain dump's end among which it says that it is complete."""

TOOLS = {"plain": "psql", "plain, gzip": "psql"}
ARCHIVER = "pg_restore"


class Dump(NamedTuple):
    """One dump as it lies there. `format` is custom, directory, tar, plain or "plain, gzip"."""

    path: str
    format: str
    bytes: int
    modified: float
    exposed: str


def look(request: DumpRequest) -> DumpState:
    """Return what a dump is, and every problem with it in words."""
    started = time.monotonic()
    try:
        dump = found(request.path)
    except OSError as error:
        why = error.strerror or "cannot be read"
        return DumpState("", None, 0, 0.0, timed_out=False, problems=(why,), seconds=0.0)
    about = dump_header.of(request.path, dump.format)
    place = request.tools or tools.of_version(about.reader(), (), request.account)
    tool = program(dump.format, place)
    until = started + request.timeout
    account = "" if os.geteuid() else request.account
    problem, timed_out = unreadable(dump, tool, until, account)
    return DumpState(
        format=dump.format,
        tool=tool,
        bytes=dump.bytes,
        age=max(0.0, time.time() - dump.modified),
        timed_out=timed_out,
        problems=tuple(words for words in (dump.exposed, problem) if words),
        seconds=time.monotonic() - started,
    )


def program(kind: str, place: str) -> str | None:
    """Return where the program is that restores dumps of a format, None where it is not.

    `place` is a directory of tools, "" for PATH.
    """
    return tools.where(TOOLS.get(kind, ARCHIVER), place)


def found(path: str) -> Dump:
    """Return what lies there; a directory is as large as its files.

    Raises:
        OSError: nothing, or nothing that we may read.
    """
    state = reach.status(path)
    if stat.S_ISDIR(state.st_mode):
        names = lookup.names(path)
        inside = [(name, reach.status(f"{path}/{name}", follow=False)) for name in names]
        kind = "directory" if any(name == "toc.dat" for name, _ in inside) else ""
        open_files = inside if state.st_mode & stat.S_IXOTH else []
        exposed = next((exposure(each, name) for name, each in open_files if exposure(each)), "")
        return Dump(path, kind, sum(each.st_size for _, each in inside), state.st_mtime, exposed)
    if not stat.S_ISREG(state.st_mode):
        return Dump(path, "", state.st_size, state.st_mtime, "")
    with reach.file(path) as file:
        state = os.fstat(file.fileno())
        return Dump(path, kind_of(file), state.st_size, state.st_mtime, exposure(state))


def kind_of(file: BinaryIO) -> str:
    """Return the format of a file by its first bytes; "" for one that no tool would take."""
    head = file.read(512)
    if head.startswith(b"PGDMP"):
        return "custom"
    if head[257:262] == b"ustar" and head.startswith(b"toc.dat\0"):
        return "tar"
    if head.startswith(b"\x1f\x8b"):
        file.seek(0)
        try:
            with gzip.GzipFile(fileobj=file) as inside:
                head = inside.read(512)
        except (OSError, EOFError, zlib.error):
            return "plain, gzip"  # reading it whole says what is wrong
        return "plain, gzip" if BEGINNING.match(head) else ""
    return "plain" if BEGINNING.match(head) else ""


def unreadable(dump: Dump, tool: str | None, until: float, account: str = "") -> tuple[str, bool]:
    """Return why a dump cannot be relied on, and whether time was up before that was known."""
    if not dump.bytes:
        return "is empty", False
    if not dump.format:
        return (
            "is not a PostgreSQL dump: neither an archive of pg_restore nor SQL of pg_dump",
            False,
        )
    if tool is None:
        return f"needs {TOOLS.get(dump.format, ARCHIVER)}, which is not installed", False
    try:
        if dump.format in TOOLS:
            problem = text_problem(dump, until)
        elif dump.format == "tar" and tar_is_cut(dump):
            problem = "is cut off"
        else:
            problem = archive_problem(dump, tool, until, account)
    except TimeoutError:
        return "", True
    except OSError as error:
        problem = f"cannot be read: {error.strerror}"
    return problem, False


def archive_problem(dump: Dump, tool: str, until: float, account: str = "") -> str:
    """Return what pg_restore says when it reads a whole archive; "" when it is content.

    Raises:
        TimeoutError: it was not at the end in time.
    """
    outcome = archiver(dump.path, [tool, "-f", os.devnull], until - time.monotonic(), account)
    if outcome.timed_out:
        raise TimeoutError
    if outcome.code == 0:
        listed = archiver(dump.path, [tool, "-l"], until - time.monotonic(), account)
        return "" if listed.code or listed.cut or ENTRY.search(listed.out) else NO_TABLE
    return f"{os.path.basename(tool)} cannot read all of it: {outcome.words}"


def listing(path: str, tool: str, timeout: float, account: str = "") -> str:
    """Return an archive's list of contents; "" where pg_restore has none."""
    outcome = archiver(path, [tool, "-l"], timeout, account)
    return "" if outcome.code or outcome.cut else outcome.out


def archiver(path: str, argv: Sequence[str], timeout: float, account: str = "") -> CommandResult:
    """Run pg_restore over an archive: a file is handed to it open, as it was reached.

    It runs as the account then; a directory is for us alone to read.

    Raises:
        OSError: it is not there any more, or is nothing to read.
    """
    if lookup.kind(path) == "directory":
        return run([*argv, path], max(0.1, timeout))
    with reach.file(path) as file:
        return run(argv, max(0.1, timeout), given=file, user=account, cwd="/")


def tar_is_cut(dump: Dump) -> bool:
    """Return whether a tar lacks its end, which pg_restore does not miss."""
    end, size = 0, tarfile.BLOCKSIZE
    try:
        with reach.file(dump.path) as file:
            with tarfile.open(fileobj=file, mode="r:") as archive:
                for member in archive:
                    end = member.offset_data + -(-member.size // size) * size
            file.seek(end)
            return file.read(2 * size) != bytes(2 * size)
    except (tarfile.TarError, OSError):
        return True


def text_problem(dump: Dump, until: float) -> str:
    """Return what is wrong with SQL text, read whole: it is cut, or no text; "" when nothing is.

    Raises:
        TimeoutError: it was not at the end in time.
    """
    decoder, tail = codecs.getincrementaldecoder("utf-8")(), b""
    utf8, holds = True, False
    try:
        for number, block in enumerate(blocks(dump, until)):
            if number == 0:
                utf8 = b"client_encoding = 'UTF8'" in block
            if b"\0" in block:
                return "contains NUL bytes, which SQL does not allow"
            if utf8:
                decoder.decode(block)
            holds = holds or TABLE.search(tail + block) is not None
            tail = (tail + block)[-TAIL:]
    except UnicodeDecodeError:
        return "is not valid UTF-8, although it declares UTF-8"
    except TimeoutError:
        raise
    except (OSError, EOFError, zlib.error) as error:
        return f"cannot be read completely: {error}"
    if not COMPLETE.search(tail):
        return "is cut off: it does not end with 'dump complete'"
    return "" if holds else NO_TABLE


def blocks(dump: Dump, until: float) -> Iterator[bytes]:
    """Yield the text of a plain dump.

    Raises:
        TimeoutError: it was not at the end in time.
    """
    with reach.file(dump.path) as raw:
        file = raw if dump.format == "plain" else gzip.GzipFile(fileobj=raw)
        block = file.read(BLOCK)
        while block:
            yield block
            if time.monotonic() > until:
                raise TimeoutError
            block = file.read(BLOCK)
