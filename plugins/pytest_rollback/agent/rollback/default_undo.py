"""Defaults in the place of broken configuration, taken back: what was live before is kept."""

from __future__ import annotations

import contextlib
import hashlib
import os
from typing import Any, Container, Dict, List, Set

from ..errors import HostError
from ..files import state
from ..files.tree import Tree
from ..state import evidence
from ..state.lock import ExclusiveRun

DEFAULTING = "defaulting"


def kept(path: str, sha256: str) -> str:
    """Return where a version of a file is kept in the evidence."""
    return f"defaulted/{sha256[:16]}/{path}"


def named(path: str) -> str:
    """Return the name beside a file that its default has until it is whole."""
    digest = hashlib.sha256(os.fsencode(path)).hexdigest()[:24]
    return f".rollback-default-{digest}.new"


def standing(
    written: List[dict[str, Any]], apart: Container[str] = ()
) -> tuple[List[str], List[tuple[str, str]]]:
    """Return which files undo would bring back, given what was put there, and what not.

    Those `apart` stay as they are.
    """
    known: Dict[tuple[str, str], Set[str]] = {}
    for entry in (each for each in written if each["path"] not in apart):
        ours = known.setdefault((entry["root"], entry["path"]), set())
        ours.update((entry["before"], entry["after"]))
    said = []
    for (root, path), ours in known.items():
        with Tree(root) as tree:
            now = state.live(tree, path)
        if now.sha256 not in ours or not (now.is_file or now.is_link or now.kind == state.ABSENT):
            said.append((path, f"{path} changed after its default was installed"))
    return [path for _, path in known], said


def take_back(work: ExclusiveRun, entry: dict[str, Any]) -> int:
    """Bring back what was live before one default, from any point; return whether it came.

    Raises:
        HostError: something else is live now.
    """
    for _, why in standing([entry])[1]:
        raise HostError(why, "save it elsewhere first, and run the same command again")
    path = entry["path"]
    with Tree(entry["root"]) as tree, Tree(evidence.home(work)) as store:
        directory, name = tree.parent(path)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(named(path), dir_fd=directory)
        if state.live(tree, path).sha256 == entry["before"]:
            return 0
        if entry["before"]:
            evidence.copy(store.parent(kept(path, entry["before"])), (directory, name))
        else:
            os.unlink(name, dir_fd=directory)
        os.fsync(directory)
    return 1
