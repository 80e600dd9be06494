"""Bytecode beside restored sources that Python might run instead of them: found, and moved away."""

from __future__ import annotations

import _imp
import os
from typing import Any, Iterator

from ..files import read
from ..restore import apply
from ..state import backup_set, evidence
from ..state.lock import working
from . import added_files, empty_directories

HEADER = 16
HASHED, CHECKED = 1, 2
"""Flags of a bytecode file: it is bound to the source by its hash; the hash is looked at."""


def look(question: dict[str, Any]) -> dict[str, list[str]]:
    """Return bytecode that is not, or perhaps not, that of its restored source.

    `sourceless` are modules that are only there as bytecode: part of the release, to be kept.
    Without `paths`, the sources are those of the record, and those that the deploy added; then
    `directories` are the deploy's own ones for bytecode that are empty.
    """
    root, sources = question["root"], restored(question)
    stale: list[str] = []
    listed: dict[str, list[str]] = {}
    for source in sources:
        directory = os.path.join(os.path.dirname(source), "__pycache__")
        if directory not in listed:
            listed[directory] = names(os.path.join(root, directory))
        stem = os.path.basename(source)[:-2]
        cached = (
            os.path.join(directory, name) for name in listed[directory] if name.startswith(stem)
        )
        stale += [path for path in cached if is_stale(root, source, path)]
    empty = [directory for directory in listed if not listed[directory]]
    return {
        "stale": stale,
        "sourceless": sorted(sourceless(root, sources)),
        "directories": emptied(question, empty) if question.get("paths") is None else [],
    }


def emptied(question: dict[str, Any], directories: list[str]) -> list[str]:
    """Return which directories without bytecode the deploy made, and nothing is in."""
    created = backup_set.read(question["state"]).created
    inside = [os.path.join(directory, "") for directory in directories]
    known = empty_directories.left(question["root"], inside, created)
    return [path for path in known if path in directories]


def restored(question: dict[str, Any]) -> list[str]:
    """Return the sources that a question is about."""
    paths = question.get("paths")
    if paths is None:
        known = backup_set.read(question["state"])
        paths = [saved.path for saved in apply.meant(question)]
        paths += added_files.meant(question, known)
    return [path for path in paths if path.endswith(".py")]


def clear(question: dict[str, Any]) -> dict[str, Any]:
    """Move stale bytecode into the evidence, and the directories of the deploy left empty by it."""
    with working(question) as work:
        found = look(question)
        stale = found["stale"]
        moved = evidence.put_away(
            work, "caches", question["root"], sorted(stale, key=os.path.split)
        )
        known = backup_set.read(question["state"])
        left = [os.path.join(directory, "") for directory in found["directories"]]
        paths = [*stale, *left, *added_files.meant(question, known)]
        return {
            "moved": moved,
            "directories": empty_directories.take_away(
                work, question["root"], paths, known.created
            ),
        }


def names(directory: str) -> list[str]:
    """Return the names of a directory's bytecode files, sorted; none where there is none."""
    try:
        return sorted(name for name in os.listdir(directory) if name.endswith(".pyc"))
    except (FileNotFoundError, NotADirectoryError):
        return []


def is_stale(root: str, source: str, cached: str) -> bool:
    """Tell whether a bytecode file is, or could be, that of another version of its source."""
    source, cached = os.path.join(root, source), os.path.join(root, cached)
    try:
        header = read.whole(cached, follow=False)[:HEADER]
        content, state = read.whole(source, follow=False), os.stat(source)
    except OSError:  # no source, or bytecode that nobody can read: nothing that would run rightly
        return True
    flags = int.from_bytes(header[4:8], "little")
    if flags & HASHED:
        return not flags & CHECKED or header[8:] != hashed(header, content)
    recorded = int.from_bytes(header[8:12], "little"), int.from_bytes(header[12:], "little")
    actual = int(state.st_mtime) & 0xFFFFFFFF, state.st_size & 0xFFFFFFFF
    # The same second and size do not make the same content: bytecode that was there before the
    # source came to its place (a rename sets ctime) was made from another one.
    return recorded != actual or os.stat(cached).st_mtime_ns < state.st_ctime_ns


def hashed(header: bytes, content: bytes) -> bytes:
    """Return a source's hash as the interpreter that wrote this header computes it."""
    return _imp.source_hash(int.from_bytes(header[:4], "little"), content)


def sourceless(root: str, sources: list[str]) -> Iterator[str]:
    """Yield bytecode in the sources' own directories that has no source beside it."""
    for directory in {os.path.dirname(source) for source in sources}:
        for name in names(os.path.join(root, directory)):
            path = os.path.join(directory, name)
            if not os.path.lexists(os.path.join(root, path[:-1])):
                yield path
