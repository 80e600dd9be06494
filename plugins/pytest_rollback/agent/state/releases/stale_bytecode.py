"""Whether bytecode beside a source is that of another version of it, and Python would run it."""

from __future__ import annotations

import _imp
import contextlib
import os
from typing import Iterable, List

from ...errors import HostError
from ...files import reach
from ...files.handles import Irregular, open_regular
from ...files.tree import Tree

HEADER = 16
HASHED, CHECKED = 1, 2
"""Flags of a bytecode file: it is bound to the source by its hash; the hash is looked at."""


def names(tree: Tree, directory: str) -> list[str]:
    """Return the names of a directory's bytecode files, sorted; none where there is none.

    Raises:
        HostError: it is a link: what lies behind it might be run, and is not ours to move.
    """
    with tree.naming(directory):
        try:
            listed = os.listdir(tree.directory(directory))
            return sorted(name for name in listed if name.endswith(".pyc"))
        except FileNotFoundError:
            return []
        except Irregular as other:
            if other.kind == "symlink":
                raise
            return []


def is_stale(tree: Tree, source: str, cached: str) -> bool:
    """Return whether a bytecode file is, or could be, that of another version of its source."""
    try:
        with os.fdopen(open_regular(*tree.parent(cached)), "rb") as file:
            header, made = file.read(HEADER), os.fstat(file.fileno()).st_mtime_ns
        named = tree.status(source).st_ctime_ns
        with reach.file(os.path.join(tree.path, source)) as file:  # as the interpreter does
            state, content = os.fstat(file.fileno()), file.read(reach.MOST)
    except (Irregular, OSError):  # no source, or unreadable bytecode: nothing would run rightly
        return True
    flags = int.from_bytes(header[4:8], "little")
    if flags & HASHED:
        return not flags & CHECKED or header[8:] != hashed(header, content)
    recorded = int.from_bytes(header[8:12], "little"), int.from_bytes(header[12:], "little")
    actual = int(state.st_mtime) & 0xFFFFFFFF, state.st_size & 0xFFFFFFFF
    # The same second and size do not make the same content: bytecode that was there before the
    # source came to its place (a rename sets ctime) was made from another one.
    return recorded != actual or made < max(named, state.st_ctime_ns)


def hashed(header: bytes, content: bytes) -> bytes:
    """Return a source's hash as the interpreter that wrote this header computes it."""
    return _imp.source_hash(int.from_bytes(header[:4], "little"), content)


def removed(paths: Iterable[str]) -> List[str]:
    """Remove stale bytecode of sources, named by their real absolute paths; return what was.

    For sources that a package manager has unpacked, which removes bytecode as well: their times are
    those of the archive, and two versions may have the same.
    """
    found: List[str] = []
    with Tree("/") as tree:
        for path in paths:
            above, name = os.path.split(path[1:])
            directory = f"{above}/__pycache__"
            with contextlib.suppress(OSError, Irregular, HostError):
                for each in names(tree, directory):
                    cached = f"{directory}/{each}"
                    if each.startswith(name[:-2]) and is_stale(tree, path[1:], cached):
                        os.unlink(each, dir_fd=tree.directory(directory))
                        found.append(f"/{cached}")
    return found
