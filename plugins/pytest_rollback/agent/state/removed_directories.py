"""Directories that a run takes away, and makes again by undo; and those that it makes itself."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
from typing import Any, Container, Iterable, Sequence

from ..errors import HostError
from ..files import metadata, state
from ..files.handles import DIRECTORY
from ..files.metadata import FileEntry
from ..files.tree import NOT_EMPTY, Tree
from .directory import OWN
from .lock import ExclusiveRun

EMPTYING, MAKING = "emptying", "making"


def take_away(work: ExclusiveRun, root: str, paths: Iterable[str]) -> int:
    """Take away those of the directories that are empty, the deepest first; return how many."""
    with Tree(root) as tree:
        facts = [[path, *_facts(tree, path)] for path in paths]
        if facts:
            work.journal.add(EMPTYING, base=root, directories=facts)
        return sum(_removed(tree, path) for path, *_ in facts)


def make_missing(work: ExclusiveRun, root: str, entries: Iterable[FileEntry]) -> int:
    """Make those of the recorded directories that are missing, the outermost first; how many.

    A deploy may have deleted them with all that was in them; undo takes them away again.
    """
    with Tree(root) as tree:
        missing = [each for each in entries if _kind(tree, each.path) == state.ABSENT]
        facts = [[e.mode, e.uid, e.gid, e.mtime_ns, e.mtime_ns, e.xattrs] for e in missing]
        rows = [[each.path, *of] for each, of in zip(missing, facts)]
        if rows:
            work.journal.add(MAKING, base=root, directories=rows)
        for each, of in zip(missing, facts):
            with tree.naming(each.path):
                _made(tree, each.path, of)
    return len(rows)


def take_back(entries: Sequence[dict[str, Any]], apart: Container[str] = ()) -> None:
    """Take away what was made, the last and innermost first; what is not empty stays."""
    for entry in reversed(entries):
        with Tree(entry["base"]) as tree:
            for path, *_ in reversed(entry["directories"]):
                if not is_apart(path, apart) and _kind(tree, path) == "directory":
                    _removed(tree, path)


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


def make_again(entry: dict[str, Any], apart: Container[str] = ()) -> None:
    """Undo one journaled batch: what is missing is made again as it was, the outermost first.

    Those `apart`, and what is in them, are not.
    """
    with Tree(entry["base"]) as tree:
        for path, *facts in reversed(entry["directories"]):
            if not is_apart(path, apart) and not _is_back(tree, path):
                with tree.naming(path):
                    _made(tree, path, facts)


def is_apart(path: str, apart: Container[str]) -> bool:
    """Return whether a path, or a directory on the way to it, is one of those."""
    parts = path.split("/")
    return any("/".join(parts[:end]) in apart for end in range(1, len(parts) + 1))


def standing(entry: dict[str, Any], apart: Container[str] = ()) -> list[tuple[str, str]]:
    """Return the conflicts that prevent the creation of one batch, but for those `apart`."""
    with Tree(entry["base"]) as tree:
        named = (path for path, *_ in entry["directories"] if not is_apart(path, apart))
        paths = [path for path in named if not _is_back(tree, path)]
        kinds = [(path, state.live(tree, path, -1).kind) for path in paths]
    return [
        (path, f"there is a {kind} now at {path}, where a directory was")
        for path, kind in kinds
        if kind not in {"directory", state.ABSENT}
    ]


def _is_back(tree: Tree, path: str) -> bool:
    """Return whether a directory under a name of ours is live again: an undo was killed after it.

    A file has that name then, with which it changed places.
    """
    at = f"/{path}".find(f"/{OWN}")
    if at < 0:
        return False
    end = path.find("/", at)
    kind = _kind(tree, path if end < 0 else path[:end])
    return kind not in {"directory", state.ABSENT}


def _kind(tree: Tree, path: str) -> str:
    """Return what is at a path.

    Raises:
        HostError: that cannot be told: nothing there would be taken for something else.
    """
    found = state.live(tree, path, -1)
    if found.kind == "error":
        raise HostError(
            f"{os.path.join(tree.path, path)} {found.detail}", "run the same command again"
        )
    return found.kind


def _made(tree: Tree, path: str, facts: list[Any]) -> None:
    """Make one directory again. It has its name once it is as it was; one that is there stays."""
    kind = _kind(tree, path)
    directory, name = tree.parent(path)
    fresh = f".rollback-{hashlib.sha256(os.fsencode(name)).hexdigest()[:24]}.made"
    if kind == state.ABSENT:
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
