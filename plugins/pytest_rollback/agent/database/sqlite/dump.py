"""A dump of SQLite: a database file, or SQL text, perhaps compressed; read to its end.

A file is what `.backup` and VACUUM INTO write, text is what `.dump` writes. What it holds is known
only once SQLite has it: it is put into a database in a scratch directory, and looked at there.
"""

from __future__ import annotations

import contextlib
import gzip
import os
import re
import sys
import time
import zlib
from typing import Any, BinaryIO, Dict, Iterator, List, Sequence, Tuple

from ...files import reach
from .. import dump_file
from ..dump_file import OpenFile
from ..messages import DumpRequest, DumpState
from . import library

HEADER = b"SQLite format 3\0"
TEXT = re.compile(rb"PRAGMA foreign_keys ?=|BEGIN\b")
"""How the first statement of a dump as text begins."""

COMMENTS = ((b"--", b"\n"), (b"/*", b"*/"))
KINDS = ("file", "plain", "file, gzip", "plain, gzip")
BESIDE = ("-wal", "-journal")
"""What lies beside a file that was copied while it was written to."""


def _said(head: bytes) -> bytes:
    """Return a text from its first statement on: what comes before it are comments."""
    at, more = 0, True
    while more:
        while head[at : at + 1].isspace():
            at += 1
        more = False
        for begin, end in COMMENTS:
            if head.startswith(begin, at):
                there = head.find(end, at + len(begin))
                at, more = (len(head), False) if there < 0 else (there + len(end), True)
    return head[at:]


@contextlib.contextmanager
def opened(path: str) -> Iterator[OpenFile]:
    """Yield a dump, read whole and hashed; raises what `dump_file.opened` raises."""
    with dump_file.opened(path, kind_of) as source:
        yield source


def kind_of(file: BinaryIO) -> str:
    """Return one of `KINDS` by the first bytes, "" for what is no dump of SQLite."""
    head = file.read(4096)
    end = ""
    if head.startswith(b"\x1f\x8b"):
        file.seek(0)
        try:
            with gzip.GzipFile(fileobj=file) as inside:
                head = inside.read(4096)
        except (OSError, EOFError, zlib.error):
            return "plain, gzip"  # reading it whole says what is wrong
        end = ", gzip"
    if head.startswith(HEADER):
        return f"file{end}"
    return f"plain{end}" if TEXT.match(_said(head)) else ""


def look(request: DumpRequest) -> DumpState:
    """Return what a dump is, and every problem with it in words."""
    return read(request)[0]


def read(
    request: DumpRequest, queries: Sequence[Tuple[object, ...]] = ()
) -> Tuple[DumpState, Dict[str, Any]]:
    """Return the same, and what the dump holds, with the answers to some questions (`asked`).

    Nothing of a dump that cannot be read.
    """
    began = time.monotonic()
    state = DumpState("", None, 0, 0.0, timed_out=False, problems=(), seconds=0.0)
    facts: Dict[str, Any] = {}
    problems: List[str] = []
    try:
        with opened(request.path) as source:
            found = os.fstat(source.file.fileno())
            age = max(0.0, time.time() - found.st_mtime)
            state = state._replace(format=source.kind, bytes=source.bytes, age=age)
            problems += beside(request.path, found)
            if not source.kind:
                problems.append(no_dump(source.bytes))
            else:
                state = state._replace(tool=sys.executable or "python3")
                facts = {**tried(request, source, queries), "digest": source.sha256}
        problems += [] if facts.get("tables") or problems else ["has no tables"]
    except library.Late:
        state = state._replace(timed_out=True)
    except OSError as error:
        problems.append(error.strerror or "cannot be read")
    except library.UnfitDatabase as problem:
        problems.append(problem.message)
    return state._replace(problems=tuple(problems), seconds=time.monotonic() - began), facts


def tried(
    request: DumpRequest, source: OpenFile, queries: Sequence[Tuple[object, ...]]
) -> Dict[str, Any]:
    """Return what a dump holds, once it is in a database of its own in the scratch directory."""
    account = library.reader(request.account)
    place = {"scratch": request.scratch, "kind": source.kind, "queries": list(queries)}
    found: Dict[str, Any] = library.asked("try", account, request.timeout, source.file, **place)
    return found


def no_dump(size: int) -> str:
    """Return what is wrong with a file that is no dump."""
    return "is neither a SQLite database nor SQL of sqlite3's .dump" if size else "is empty"


def beside(path: str, found: os.stat_result) -> Iterator[str]:
    """Yield what the file system tells against a dump."""
    if dump_file.exposure(found):
        yield dump_file.exposure(found)
    for end in BESIDE:
        with contextlib.suppress(OSError):
            if reach.status(f"{path}{end}").st_size:
                yield f"is the copy of a file in use: {path}{end} lies beside it, and is no part"


def made(path: str) -> float:
    """Return when a dump was made: when its file was written last, 0 where there is none."""
    try:
        return reach.status(path).st_mtime
    except OSError:
        return 0.0
