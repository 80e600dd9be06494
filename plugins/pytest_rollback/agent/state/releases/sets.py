"""Backup sets in the state directory: one for each deploy, and a return over several of them.

The record of a set lies in its folder as well, so that an earlier set is known when a later one is
the recorded one. A release further back is reached through each set in between: of every file the
oldest backup counts, and what was added in between goes.
"""

from __future__ import annotations

import hashlib
import os
from typing import Dict, Iterable, Iterator, List, NamedTuple, Sequence, Tuple

from ...errors import HostError
from ...files import copy, lookup
from ...files.handles import Irregular, open_regular
from ...files.metadata import FileEntry
from ...files.tree import Tree
from .. import backup_set
from ..backup_set import DAMAGE, BackupSet
from ..evidence import make, settle
from . import contents
from .copies import FILES, FOLDER

WIDTH = 4
"""Digits of the number of a set."""

CHOSEN = "chosen-"
"""How the folder of a return over several sets begins."""


class KeptSet(NamedTuple):
    """A set that is kept: the name of its folder, and its record."""

    name: str
    record: BackupSet


def every(state: str) -> List[KeptSet]:
    """Return the sets that are kept, in the order in which they were saved.

    What has no record was not finished. A set that was chosen is none of them.

    Raises:
        HostError: a record is damaged.
    """
    folder = os.path.join(state, FOLDER)
    if lookup.kind(folder, follow=False) != "directory":
        return []
    with Tree(folder) as tree:
        names = sorted(name for name in os.listdir(tree.root) if name.isdigit())
        return [found for name in names for found in _read(tree, name)]


def _read(tree: Tree, name: str) -> Iterator[KeptSet]:
    """Yield a set that has a record."""
    try:
        opened = open_regular(*tree.parent(f"{name}/{backup_set.NAME}"))
    except (FileNotFoundError, Irregular):
        return
    with os.fdopen(opened, "rb") as file:
        try:
            found = backup_set.parsed(file)
        except DAMAGE as error:
            raise HostError(
                f"the record {tree.path}/{name}/{backup_set.NAME} is damaged: {error}",
                f"restore it from a copy, or remove the set: rm -r {tree.path}/{name}",
            ) from error
    yield KeptSet(name, found._replace(kept=name))


def was_chosen(record: BackupSet) -> bool:
    """Return whether a record is that of a return over several sets."""
    return record.kept.startswith(CHOSEN)


def following(state: str) -> str:
    """Return the name of the set to come."""
    folder = os.path.join(state, FOLDER)
    there = lookup.kind(folder, follow=False) == "directory"
    names = [name for name in lookup.names(folder) if name.isdigit()] if there else []
    return f"{max(map(int, names), default=0) + 1:0{WIDTH}}"


def ways(root: str, paths: Iterable[str], known: Iterable[FileEntry]) -> Tuple[FileEntry, ...]:
    """Return some directories as they are; those that are known already stay as they were."""
    found = {each.path: each for each in known}
    with Tree(root) as tree:
        for path in paths:
            if path not in found:
                found[path] = copy.directory(tree, path)
    return tuple(found[path] for path in sorted(found))


def chain(sets: Sequence[KeptSet]) -> List[KeptSet]:
    """Return the latest set and those that lead further back from it, the latest first."""
    found: List[KeptSet] = []
    for each in reversed(sets):
        if not found or each.record.current.name == found[-1].record.previous.name:
            found.append(each)
    return found


def note(state: str, record: BackupSet) -> None:
    """Put the record of a set into its folder as well, durably."""
    with Tree(state) as tree:
        place = f"{FOLDER}/{record.kept}"
        make(tree, f"{place}/{FILES}")
        backup_set.replace(tree.directory(place), backup_set.NAME, backup_set.encoded(record))


def over(sets: Sequence[KeptSet]) -> BackupSet:
    """Return the record of a return over several sets, the oldest of them first."""
    first, last = sets[0].record, sets[-1].record
    files: Dict[str, FileEntry] = {}
    added: Dict[str, None] = {}
    for each in sets:
        for saved in each.record.files:
            if saved.path not in added:
                files.setdefault(saved.path, saved)
        added.update(dict.fromkeys(path for path in each.record.added if path not in files))
    ways = {way.path: way for each in reversed(sets) for way in each.record.ways}
    unsaved = {path: None for each in sets for path in each.record.unsaved}
    partial = "; ".join(dict.fromkeys(e.record.partial for e in sets if e.record.partial))
    text = repr([(each.name, each.record.created) for each in sets])
    return first._replace(
        current=last.current,
        files=tuple(files[path] for path in sorted(files, key=os.path.split)),
        added=tuple(sorted(added)),
        partial=partial,
        whole=0,
        unsaved=tuple(unsaved),
        directories=tuple(sorted(_there(sets))),
        ways=tuple(ways[path] for path in sorted(ways)),
        kept=f"{CHOSEN}{hashlib.sha256(text.encode()).hexdigest()[:8]}",
    )


def _there(sets: Sequence[KeptSet]) -> Iterator[str]:
    """Yield the directories that no deploy of these has made, as far as their records know."""
    made: set[str] = set()
    for each in sets:
        yield from (path for path in each.record.directories if path not in made)
        known = set(each.record.directories)
        made |= {above for path in each.record.added for above in _above(path)} - known


def _above(path: str) -> Iterator[str]:
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path


def gather(state: str, record: BackupSet, sets: Sequence[KeptSet]) -> None:
    """Make the folder of a return over several sets, with links to their backups, durably."""
    owner = {saved.path: each.name for each in reversed(sets) for saved in each.record.files}
    with Tree(state) as tree, Tree(state) as source:
        make(tree, f"{FOLDER}/{record.kept}/{FILES}")
        paths = [
            _gathered(tree, source, record.kept, (owner[saved.path], saved.path))
            for saved in record.files
            if not saved.is_directory
        ]
        settle(tree, paths)
    note(state, record)


def _gathered(tree: Tree, source: Tree, kept: str, saved: tuple[str, str]) -> str:
    """Link one backup of a set into the folder of another; return its path there."""
    name, path = saved
    place = f"{FOLDER}/{kept}/{FILES}/{path}"
    make(tree, place.rpartition("/")[0])
    contents.link(source.parent(f"{FOLDER}/{name}/{FILES}/{path}"), tree.parent(place))
    return place
