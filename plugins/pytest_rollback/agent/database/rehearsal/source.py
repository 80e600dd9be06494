"""The dump that a rehearsal restores: tame, and the very one that was looked at."""

from __future__ import annotations

import zlib

from ...errors import HostError
from ..dump_file import lines_of
from ..messages import RehearsalRequest
from ..postgresql import dump as dumps
from ..postgresql import load, sql_script
from ..postgresql.server import Server


def is_tame(path: str, kind: str) -> bool:
    """Return whether a dump does nothing but fill the database that it is given."""
    if kind not in dumps.TOOLS:
        return True
    text = dumps.blocks(dumps.Dump(path, kind, 0, 0.0, ""), float("inf"))
    try:
        return not sql_script.read(lines_of(text)).refused
    except (OSError, EOFError, zlib.error):  # it is cut, which is a problem already
        return False


class ChangedDump(HostError):
    """The dump is not the one that was looked at."""


def restore(request: RehearsalRequest, trial: Server, digest: str) -> None:
    """Restore the dump as the role that would restore it: the very one that was looked at.

    Who may write it could put another one in its place after each look. What is open is hashed,
    read for psql's own commands, and untouched since before both.
    """
    path = request.database.dump
    before = load.stamp(path)
    with load.opened(path) as opened:
        same = opened.sha256 == digest and is_tame(path, opened.kind)
        if not same or load.stamp(path) != before:
            raise ChangedDump(*load.CHANGED)
        with load.readable(trial, opened) as readable:
            load.load(trial, trial.name, readable, request.timeout)
