"""Databases among the files of a release: to return to one of them takes back what users wrote.

A file is known by its first bytes, as its own program knows it, and not by its name.
"""

from __future__ import annotations

import contextlib
import os
from typing import Iterable, Iterator, Optional, Union

from ...errors import HostError
from ...files.handles import Irregular, open_regular
from ...files.metadata import FileEntry
from ...files.tree import Tree
from ..backup_set import BackupSet
from . import linked
from .copies import OpenCopies

PAGE = 512
"""The size of a database file is a multiple of this: of no other file more need be read."""

HEAD = 24
KINDS = (
    (0, b"SQLite format 3\0", "SQLite"),
    (8, b"DUCK", "DuckDB"),
    (12, b"\x62\x31\x05\x00", "Berkeley DB"),
    (12, b"\x00\x05\x31\x62", "Berkeley DB"),
    (12, b"\x61\x15\x06\x00", "Berkeley DB"),
    (16, b"\xde\xc0\xef\xbe", "LMDB"),
    (16, b"\xed\xda\x0c\xed", "bolt"),
)
"""Where in a file which bytes are, and whose they are."""


def kind(head: bytes) -> str:
    """Return what kind of database a file with these first bytes is; "" for none."""
    return next((name for at, mark, name in KINDS if head[at : at + len(mark)] == mark), "")


def found(backups: OpenCopies, files: Iterable[FileEntry]) -> Iterator[str]:
    """Yield each file of a set whose backup is a database, as `path: kind`."""
    for saved in files:
        if saved.size >= PAGE and saved.size % PAGE == 0:
            name = kind(first(backups, saved.path) or b"")
            if name:
                yield f"{saved.path}: {name}"


def behind_links(state: str, record: BackupSet) -> Iterator[str]:
    """Yield each database in the directory of a previous release, as `link/path: kind`.

    What users write since the deploy goes into the one that the live release has.
    """
    for each in linked.of(record):
        with contextlib.suppress(HostError, OSError), Tree(each.place) as tree:
            for saved in linked.listed(state, each):
                if saved.size >= PAGE and saved.size % PAGE == 0:
                    name = kind(first(tree, saved.path) or b"")
                    if name:
                        yield f"{each.link}/{saved.path}: {name}"


def first(backups: Union[OpenCopies, Tree], path: str) -> Optional[bytes]:
    """Return the first bytes of a file, None where it cannot be read."""
    with contextlib.suppress(Irregular, OSError):
        opened = open_regular(*backups.parent(path))
        try:
            return os.pread(opened, HEAD, 0)
        finally:
            os.close(opened)
    return None
