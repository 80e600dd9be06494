"""Directories that a deploy made and a rollback left empty: taken away."""

from __future__ import annotations

import os
from typing import Iterable, Iterator

from ..files.handles import Irregular
from ..files.tree import Tree
from ..state import removed_directories
from ..state.backup_set import BackupSet
from ..state.lock import ExclusiveRun
from ..system import disk
from ..system.command import run


def born_after(root: str, directories: list[str], created: str) -> list[str]:
    """Return the directories that came to be after the record was made: the deploy made them.

    What is mounted there is somebody else's, and stays.

    Where the file system or its tools do not know, none did: an empty directory too many harms
    less than one too few.
    """
    points = disk.points() if directories else frozenset()
    base = os.path.realpath(root)
    directories = [path for path in directories if os.path.join(base, path) not in points]
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


def left(root: str, paths: Iterable[str], known: BackupSet) -> list[str]:
    """Return what the deploy made on the way to the paths and is empty: a killed run left it."""
    with Tree(root) as tree:
        empty = [path for path in _there(tree, paths, known) if _is_empty(tree, path)]
    return born_after(root, empty, known.created)


def take_away(work: ExclusiveRun, root: str, paths: Iterable[str], known: BackupSet) -> int:
    """Take away what the deploy made on the way to the paths, and is empty; return how many."""
    with Tree(root) as tree:
        there = list(_there(tree, paths, known))
        candidates = born_after(root, there, known.created)
        wanted = any(_is_empty(tree, path) for path in candidates)
    return removed_directories.take_away(work, root, candidates if wanted else ())


def _there(tree: Tree, paths: Iterable[str], known: BackupSet) -> Iterator[str]:
    """Yield the directories on the way to the paths that are there, and were not recorded."""
    before = frozenset(known.directories)
    return (path for path in above(paths) if path not in before and _is_there(tree, path))


def _is_there(tree: Tree, path: str) -> bool:
    try:
        tree.directory(path)
    except (Irregular, FileNotFoundError):
        return False
    return True


def _is_empty(tree: Tree, path: str) -> bool:
    return not os.listdir(tree.directory(path))
