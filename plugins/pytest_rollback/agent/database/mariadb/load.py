"""A dump, put into an empty database that nobody knows: the very bytes that were hashed and read.

Each statement is sent with an end of its own that no dump can know, so that it ends where we say;
the client obeys no commands besides.
"""

from __future__ import annotations

import os
import secrets
import threading
from typing import BinaryIO, List, Tuple

from ...errors import HostError
from .. import dump_file
from ..dump_file import OpenFile
from . import allowed, dump
from .client import MariadbServer, said
from .statements import statements

BEFORE = (
    "SET SESSION sql_mode = 'NO_AUTO_VALUE_ON_ZERO', lock_wait_timeout = 10, max_statement_time = 0"
    ", unique_checks = 0, foreign_key_checks = 0;\nDELIMITER {end}\n"
)
LEFT_OUT = ("lock", "standing")
"""Kinds of statements that a database of our own does not need."""


def load(server: MariadbServer, name: str, source: OpenFile, timeout: float) -> int:
    """Put a dump into a database; return how many tables it makes.

    Raises:
        HostError: not all of it went in.
    """
    reading, writing = os.pipe()
    failed: List[str] = []
    made: List[str] = []
    worker = threading.Thread(target=feed, args=(source, writing, failed, made), daemon=True)
    worker.start()
    try:
        with os.fdopen(reading, "rb", 0) as given:
            outcome = server.call(name, timeout, given=given)
    finally:
        worker.join()
    if outcome.code or outcome.timed_out or failed:
        why = f"timed out after {timeout:.0f} s" if outcome.timed_out else said(outcome)
        raise HostError(
            f"the dump {source.path} cannot be restored: {failed[0] if failed else why}",
            "nothing was changed; dump again: mariadb-dump --single-transaction, with umask 077",
        )
    return len(set(made))


def feed(source: OpenFile, writing: int, failed: List[str], made: List[str]) -> None:
    """Write what of a dump may be sent, and note what may not."""
    end = f"$${secrets.token_hex(6)}"  # the client keeps 15 characters of it
    try:
        with os.fdopen(writing, "wb") as out:
            out.write(BEFORE.format(end=end).encode())
            fed(source, out, f"\n{end}\n".encode(), made)
    except BrokenPipeError:
        pass  # the client stopped at an error, and says which
    except HostError as problem:
        failed.append(problem.message)
    except Exception as error:  # noqa: BLE001 - it is raised for every criterion that asks
        failed.append(str(error) or type(error).__name__)


def fed(source: OpenFile, out: BinaryIO, end: bytes, made: List[str]) -> None:
    """Write the statements of a dump, and note the tables that they make."""
    text = dump.blocks(source, float("inf"))
    views: List[str] = []
    for each in statements(dump_file.lines_of(text)):
        verdict = allowed.judged(each)
        if verdict.refused:
            raise HostError(f"line {each.line}: {verdict.refused}", "dump again")
        if verdict.kind == "table":
            made.append(verdict.name)
        if verdict.kind == "view":
            views.append(verdict.name)
        if verdict.kind not in LEFT_OUT:
            is_view = verdict.kind == "view"
            out.write((allowed.without_definer(each.text) if is_view else each.text) + end)
    out.write(b"COMMIT" + end)  # a dump may have set autocommit = 0
    made[:] = [each for each in made if each not in views]


def check(found: Tuple[str, ...], wanted: int) -> None:
    """Refuse a database that has fewer tables than its dump.

    Raises:
        HostError: so it is.
    """
    if len(found) < max(1, wanted):
        raise HostError(
            f"{len(found)} of {wanted} tables exist after the dump was restored beside the "
            "database",
            "nothing was changed; dump again: mariadb-dump --single-transaction",
        )
