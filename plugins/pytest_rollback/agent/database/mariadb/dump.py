"""A dump of MariaDB: SQL text of mariadb-dump or mysqldump, perhaps compressed; read to its end.

The text says itself of which database it is, which server it was made of, and that it is complete;
what it would do is read by statements, and nothing of it runs.
"""

from __future__ import annotations

import contextlib
import gzip
import os
import re
import time
import zlib
from typing import BinaryIO, Iterator, List, NamedTuple, Set, Tuple

from ...errors import HostError
from ...files import reach
from .. import dump_file
from ..dump_file import OpenFile
from ..messages import DumpRequest, DumpState
from . import allowed
from .client import CLIENTS, where
from .statements import CUT, statements

BLOCK = 1 << 20
BEGINNING = re.compile(
    rb"(?:/\*M!999999\\- enable the sandbox mode \*/ *\r?\n)?-- (?:MariaDB|MySQL) dump "
)
COMPLETE = re.compile(rb"-- Dump completed(?: on (\d{4}-\d\d-\d\d +\d?\d:\d\d:\d\d))?\s*\Z")
DATABASE = re.compile(rb"^-- Host: .*?    Database: (.*)$", re.MULTILINE)
SERVER = re.compile(rb"^-- Server version\t(\S+)", re.MULTILINE)
HEAD = 4096
"""Bytes at a dump's beginning among which it says what it is."""

TAIL = 200
MOST = 5
"""Findings that are shown of one kind."""

NO_TABLE = "has no tables"


class DumpText(NamedTuple):
    """What a dump says: of itself, and in its statements.

    `database` and `server` (its version) are "" and `made` is 0 where it does not say so. `tables`
    are those that it makes, `filled` those that it has rows for. `standing` are triggers, routines
    and events; `refused` is what it may not do, by line.
    """

    database: str
    server: str
    made: float
    is_complete: bool
    tables: Set[str]
    filled: Set[str]
    standing: List[str]
    refused: List[str]


def look(request: DumpRequest) -> DumpState:
    """Return what a dump is, and every problem with it in words."""
    return read(request)[0]


def read(request: DumpRequest) -> Tuple[DumpState, DumpText]:
    """Return the same, and what it says; nothing where it could not be read."""
    began = time.monotonic()
    state = DumpState("", None, 0, 0.0, timed_out=False, problems=(), seconds=0.0)
    problems: List[str] = []
    said = nothing()
    try:
        with opened(request.path) as source:
            found = os.fstat(source.file.fileno())
            age = max(0.0, time.time() - found.st_mtime)
            tool = where(CLIENTS, request.tools)
            state = state._replace(format=source.kind, bytes=source.bytes, age=age, tool=tool)
            problems += filter(None, [dump_file.exposure(found)])
            if not source.kind:
                problems.append(no_dump(source.bytes))
            else:
                said = text(source, began + request.timeout)
                problems += unfit(said)
                problems += [] if tool else [f"needs {CLIENTS[0]}, which is not installed"]
    except TimeoutError:
        state = state._replace(timed_out=True)
    except OSError as error:
        problems.append(error.strerror or f"cannot be read: {error}")
    except (EOFError, zlib.error) as error:
        problems.append(f"cannot be read completely: {error}")
    return state._replace(problems=tuple(problems), seconds=time.monotonic() - began), said


def unfit(said: DumpText) -> Iterator[str]:
    """Yield why what was read cannot be relied on."""
    if not said.is_complete:
        yield "is cut off: it does not end with 'Dump completed'"
    elif not said.tables:
        yield NO_TABLE
    for each in said.refused[:MOST]:
        yield f"would do more than fill one database: {each}"
    if said.standing:
        names = ", ".join(said.standing[:MOST])
        yield f"has what stands in the way of swapping tables: {names}"


@contextlib.contextmanager
def opened(path: str) -> Iterator[OpenFile]:
    """Yield a dump, read whole and hashed; raises what `dump_file.opened` raises."""
    with dump_file.opened(path, kind_of) as source:
        yield source


def kind_of(file: BinaryIO) -> str:
    """Return plain or "plain, gzip" by the first bytes, "" for what is no dump of MariaDB."""
    head = file.read(HEAD)
    if head.startswith(b"\x1f\x8b"):
        file.seek(0)
        try:
            with gzip.GzipFile(fileobj=file) as inside:
                head = inside.read(HEAD)
        except (OSError, EOFError, zlib.error):
            return "plain, gzip"  # reading it whole says what is wrong
        return "plain, gzip" if BEGINNING.match(head) else ""
    return "plain" if BEGINNING.match(head) else ""


def no_dump(size: int) -> str:
    """Return what is wrong with a file that is no dump."""
    return "is no SQL of mariadb-dump or mysqldump with its comments" if size else "is empty"


def blocks(source: OpenFile, until: float) -> Iterator[bytes]:
    """Yield the text of an open dump from its beginning.

    Raises:
        TimeoutError: it was not at the end in time.
    """
    os.lseek(source.file.fileno(), 0, os.SEEK_SET)
    plain = source.kind == "plain"
    file = source.file if plain else gzip.GzipFile(fileobj=source.file)
    block = file.read(BLOCK)
    while block:
        yield block
        if time.monotonic() > until:
            raise TimeoutError
        block = file.read(BLOCK)


def nothing() -> DumpText:
    """Return what a dump says of which nothing was read."""
    return DumpText(
        "", "", 0.0, is_complete=False, tables=set(), filled=set(), standing=[], refused=[]
    )


def text(source: OpenFile, until: float) -> DumpText:
    """Return what a dump says, read to its end.

    Raises:
        TimeoutError: it was not at the end in time.
    """
    ends = [b"", b""]

    def passed() -> Iterator[bytes]:
        for block in blocks(source, until):
            ends[0] += block[: HEAD - len(ends[0])]
            ends[1] = (ends[1] + block)[-TAIL:]
            yield block

    said = nothing()
    views: Set[str] = set()
    for each in statements(dump_file.lines_of(passed())):
        verdict = allowed.judged(each)
        if each.wrong == CUT:
            ends[1] = b""
        elif verdict.refused:
            said.refused.append(f"line {each.line}: {verdict.refused}")
        elif verdict.kind == "standing":
            said.standing.append(verdict.name)
        elif verdict.kind in ("table", "row", "view"):
            {"table": said.tables, "row": said.filled, "view": views}[verdict.kind].add(
                verdict.name
            )
    end = COMPLETE.search(ends[1])
    about = DATABASE.search(ends[0]), SERVER.search(ends[0])
    names = [each[1].decode("utf-8", "replace").strip() if each else "" for each in about]
    tables = said.tables - views  # old ones make a table first where a view will be
    made = when(end[1].decode()) if end and end[1] else 0.0
    return said._replace(
        database=names[0], server=names[1], made=made, is_complete=bool(end), tables=tables
    )


def refuse(source: OpenFile) -> None:
    """Refuse an open dump that is no whole one, or would do more than fill one database.

    Raises:
        HostError: so it is.
    """
    try:
        wrong = next(unfit(text(source, float("inf"))), "")
    except (OSError, EOFError, zlib.error) as error:
        wrong = f"cannot be read completely: {error}"
    if wrong:
        raise HostError(
            f"the dump {source.path} cannot be restored: it {wrong}",
            "dump again: mariadb-dump --single-transaction, with umask 077",
        )


def when(words: str) -> float:
    """Return a time of a dump, which is of where it was made; 0 for none."""
    try:
        return time.mktime(time.strptime(" ".join(words.split()), "%Y-%m-%d %H:%M:%S"))
    except (ValueError, OverflowError):
        return 0.0


def made(path: str, said: DumpText) -> float:
    """Return when a dump was made: what it says itself, or the time of its file, 0 without one."""
    try:
        changed = reach.status(path).st_mtime
    except OSError:
        return 0.0
    return min(changed, said.made) if said.made else changed
