"""The recorded files that a request selects, and backups without a record."""

from __future__ import annotations

import os
from typing import Container, Iterable, Iterator, List, Sequence

from ..errors import HostError
from ..files.handles import Irregular, open_directory
from ..files.tree import Tree
from ..messages.location import Location, Selection, is_below
from ..state import backup_set, own_names
from ..state.backup_set import FileEntry
from ..state.directory import OWN
from .owners import Owners


def meant(
    state: str,
    selection: Selection,
    part: str = "",
    without: Iterable[str] = (),
    *,
    root: str = "",
) -> list[FileEntry]:
    """Return the recorded files of a selection's owners.

    `part` is "files" or "configuration", "" for both; `without` are paths to skip.
    Files with secrets are for their owner alone.

    Raises:
        HostError: there is no record that can be used; or it is that of another `root`.
    """
    owners, only = Owners(selection.components), selection.only
    apart, secrets = frozenset(without), frozenset(selection.secrets)
    known = backup_set.read(state)
    if root and os.path.realpath(known.root) != os.path.realpath(root):
        raise HostError(
            f"the backup set was saved below {known.root}, and [system] root is {root}",
            f"correct [system] root in rollback.toml: {known.root}",
        )
    return [
        backup_set.capped(saved, secrets)
        for saved in known.files
        if saved.path not in apart
        and (not only or owners.of(saved.path) in only)
        and (not part or (part == "configuration") == is_below(saved.path, selection.configuration))
    ]


SKIPPED = {".git"}


def orphans(
    tree: Tree, location: Location, known: Container[str], apart: Sequence[str] = ()
) -> List[str]:
    """Return the paths of the system that end in the suffix and are not known, sorted."""
    there = named(tree, location, apart)
    return [path for path in there if path.endswith(location.suffix) and path not in known]


def named(tree: Tree, location: Location, apart: Sequence[str] = ()) -> List[str]:
    """Return the paths that end in the suffix, or begin as names of ours, sorted.

    All of the root is looked through, or the places that the system is limited to. Directories
    `apart` are not.

    Repositories and other file systems are left out: a branch may be called `main.backup`, and
    what is mounted is not part of the release.
    """
    found: List[str] = []
    for place in location.within or ("",):
        with tree.naming(place):
            try:
                opened = open_directory(tree.root, place)
            except (Irregular, FileNotFoundError):  # a file: what lies beside it, and is of it
                found += own_names.beside(tree, place, location.suffix)
                continue
            try:
                found += _inside(opened, place, location.suffix, apart)
            finally:
                os.close(opened)
    return sorted(found)


def _inside(opened: int, place: str, suffix: str, apart: Sequence[str]) -> Iterator[str]:
    """Yield such paths in a directory, which is a place below the root."""
    device = os.fstat(opened).st_dev
    for here, directories, files, inside in os.fwalk(".", dir_fd=opened):
        if os.fstat(inside).st_dev != device:
            directories.clear()
            continue
        below = os.path.normpath(f"{place}/{here}" if place else here)
        prefix = "" if below == "." else f"{below}/"
        directories[:] = [
            name for name in directories if name not in SKIPPED and prefix + name not in apart
        ]
        for name in files + directories:
            if name.endswith(suffix) or name.startswith((OWN, f".{OWN}")):
                yield prefix + name
