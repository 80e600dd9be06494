"""Names of ours beside live files, and their runs: the tree tells more than a journal.

A state directory that was set back, or lost, knows less than what lies below the root.
"""

from __future__ import annotations

import hashlib
import os
import re
from typing import Dict, Iterable, Iterator, List

from ..errors import HostError
from ..files.handles import Irregular
from ..files.tree import Tree
from ..messages.location import Location
from . import backup_set
from .directory import OWN

NAME = re.compile(r"\.rollback-(.+)-[0-9a-f]{24}\.(?:new|old)(?:\.\d+)?")
"""A name of a batch: the run, what tells the batch from its others, and the file."""

RUN = re.compile(r"\d{8}-\d{6}-[0-9a-f]{4}")
BATCH = re.compile(r"(?:-c)?(?:-\d+)?$")


def is_own(name: str) -> bool:
    """Return whether a file's name begins as ours do; that of a copy cut off has a dot more."""
    return name.startswith((OWN, f".{OWN}"))


def run_of(name: str) -> str:
    """Return the run that a name is of, "" where it is none of a run."""
    found = NAME.fullmatch(name)
    if not found or found[1] == "default":  # one that was put in the place of configuration
        return ""
    run = RUN.match(found[1])
    return run[0] if run else BATCH.sub("", found[1], count=1)


def near(location: Location, paths: Iterable[str]) -> Iterator[str]:
    """Yield the paths of names of ours in the directories of files, each directory once.

    Of a directory that is not the system's, in which it has single files, those of these files.
    """
    with Tree(location.root) as tree:
        files = list(paths)
        shared = [path for path in files if path in location.within]
        for path in sorted(shared):
            yield from beside(tree, path, location.suffix, only_ours=True)
        for above in sorted({path.rpartition("/")[0] for path in files if path not in shared}):
            for name in _names(tree, above):
                if is_own(name):
                    yield os.path.join(above, name)


def beside(tree: Tree, path: str, suffix: str, *, only_ours: bool = False) -> Iterator[str]:
    """Yield what lies beside one file and is of it: names of ours with its digest, its backup."""
    above, _, name = path.rpartition("/")
    marks = {hashlib.sha256(os.fsencode(each)).hexdigest()[:24] for each in (path, name)}
    for each in _names(tree, above):
        ours = is_own(each) and any(mark in each for mark in marks)
        if ours or (each == name + suffix and not only_ours):
            yield os.path.join(above, each)


def _names(tree: Tree, path: str) -> List[str]:
    try:
        return sorted(os.listdir(tree.directory(path)))
    except (OSError, Irregular):
        return []


def strangers(location: Location, known: Iterable[str]) -> Dict[str, str]:
    """Return the runs that left something beside recorded files, and are not known: one path each.

    In the order of their ids.
    """
    try:
        recorded = [saved.path for saved in backup_set.read(location.state).files]
        paths = list(near(location, recorded))
    except HostError:
        return {}
    runs = {run_of(os.path.basename(path)): path for path in reversed(paths)}
    apart = {"", *known}
    return {run: runs[run] for run in sorted(runs) if run not in apart}
