"""Directories that a deploy made and a rollback left empty: taken away, and made again by undo."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
from typing import Any, Iterable

from ..files import metadata, state
from ..files.tree import DIRECTORY, NOT_EMPTY, Irregular, Tree
from ..state.lock import ExclusiveRun
from ..system.command import run

EMPTYING = "emptying"


def born_after(root: str, directories: list[str], created: str) -> list[str]:
    """Return the directories that came to be after the record was made: the deploy made them.

    Where the file system or its tools do not know, none did: an empty directory too many harms
    less than one too few.
    """
    if not directories:
        return []
    from datetime import datetime  # noqa: PLC0415 - few deploys make directories

    instant = datetime.fromisoformat(created).timestamp()
    places = [os.path.join(root, path) for path in directories]
    told = run(["stat", "--format=%W", "--", *places], 10.0).out.split()
    if len(told) != len(places):
        return []
    return [path for path, born in zip(directories, told) if float(born) >= instant > 0]


def above(paths: Iterable[str]) -> list[str]:
    """Return every directory on the way to one of the paths, the deepest first."""
    found: set[str] = set()
    for path in paths:
        parts = path.split("/")[:-1]
        found.update("/".join(parts[:end]) for end in range(1, len(parts) + 1))
    return sorted(found, key=lambda path: (-path.count("/"), path))


def left(root: str, paths: Iterable[str], created: str) -> list[str]:
    """Return what the deploy made on the way to the paths and is empty: a killed run left it."""
    with Tree(root) as tree:
        empty = [path for path in above(paths) if _is_there(tree, path) and _is_empty(tree, path)]
    return born_after(root, empty, created)


def take_away(work: ExclusiveRun, root: str, paths: Iterable[str], created: str) -> int:
    """Take away what the deploy made on the way to the paths, and is empty; return how many."""
    with Tree(root) as tree:
        there = [path for path in above(paths) if _is_there(tree, path)]
        candidates = born_after(root, there, created)
        facts = [[path, *_facts(tree, path)] for path in candidates]
        facts = facts if any(_is_empty(tree, path) for path in candidates) else []
        if facts:
            work.journal.add(EMPTYING, base=root, directories=facts)
        return sum(_removed(tree, path) for path, *_ in facts)


def _is_there(tree: Tree, path: str) -> bool:
    try:
        tree.directory(path)
    except (Irregular, FileNotFoundError):
        return False
    return True


def _is_empty(tree: Tree, path: str) -> bool:
    return not os.listdir(tree.directory(path))


def _facts(tree: Tree, path: str) -> list[Any]:
    found = metadata.read(tree.directory(path))
    xattrs = {name: base64.b64encode(value).decode() for name, value in found.xattrs.items()}
    return [found.mode, found.uid, found.gid, found.atime_ns, found.mtime_ns, xattrs]


def _removed(tree: Tree, path: str) -> bool:
    """Remove a directory if nothing is in it; tell whether it went."""
    with tree.naming(path):
        directory, name = tree.parent(path)
        try:
            os.rmdir(name, dir_fd=directory)
        except OSError as error:
            if error.errno in NOT_EMPTY:
                return False
            raise
        os.fsync(directory)
    return True


def make_again(entry: dict[str, Any]) -> None:
    """Undo one journaled batch: what is missing is made again as it was, the outermost first."""
    with Tree(entry["base"]) as tree:
        for path, *facts in reversed(entry["directories"]):
            with tree.naming(path):
                _made(tree, path, facts)


def standing(entry: dict[str, Any]) -> list[str]:
    """Return the conflicts that prevent the creation of one batch."""
    with Tree(entry["base"]) as tree:
        kinds = [(path, state.live(tree, path, -1).kind) for path, *_ in entry["directories"]]
    return [
        f"there is a {kind} now at {path}, where a directory was"
        for path, kind in kinds
        if kind not in {"directory", state.ABSENT}
    ]


def _made(tree: Tree, path: str, facts: list[Any]) -> None:
    """Make one directory again. It has its name once it is as it was; one that is there stays."""
    directory, name = tree.parent(path)
    fresh = f".rollback-{hashlib.sha256(os.fsencode(name)).hexdigest()[:24]}.made"
    if state.look(directory, name).kind == state.ABSENT:
        with contextlib.suppress(FileExistsError):
            os.mkdir(fresh, 0o700, dir_fd=directory)
        _apply(directory, fresh, facts)
        os.rename(fresh, name, src_dir_fd=directory, dst_dir_fd=directory)
    with contextlib.suppress(FileNotFoundError):
        os.rmdir(fresh, dir_fd=directory)
    os.fsync(directory)


def _apply(directory: int, name: str, facts: list[Any]) -> None:
    mode, uid, gid, atime, mtime, xattrs = facts
    raw = {name: base64.b64decode(value) for name, value in xattrs.items()}
    opened = os.open(name, DIRECTORY, dir_fd=directory)
    try:
        metadata.apply(opened, metadata.Metadata(mode, uid, gid, atime, mtime, raw))
    finally:
        os.close(opened)
