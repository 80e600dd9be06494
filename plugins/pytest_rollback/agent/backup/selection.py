"""The recorded files that a request selects, and backups without a record."""

from __future__ import annotations

import os
from typing import Container, Iterable, Sequence

from ..errors import HostError
from ..messages.location import Selection
from ..state import backup_set
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


def is_below(path: str, places: Iterable[str]) -> bool:
    """Tell whether a path is one of these, or lies in one of them."""
    return any(path == place or path.startswith(f"{place}/") for place in places)


SKIPPED = {".git"}


def orphans(root: int, suffix: str, known: Container[str], apart: Sequence[str] = ()) -> list[str]:
    """Return the paths below the root that end in the suffix and are not known, sorted."""
    there = named(root, suffix, apart)
    return [path for path in there if path.endswith(suffix) and path not in known]


def named(root: int, suffix: str, apart: Sequence[str] = ()) -> list[str]:
    """Return the paths below the root that end in the suffix, or begin as names of ours, sorted.

    Directories `apart` are not looked through.

    Repositories and other file systems are left out: a branch may be called `main.backup`, and
    what is mounted is not part of the release.
    """
    device = os.fstat(root).st_dev
    found = []
    for here, directories, files, opened in os.fwalk(".", dir_fd=root):
        if os.fstat(opened).st_dev != device:
            directories.clear()
            continue
        directories[:] = [
            name
            for name in directories
            if name not in SKIPPED and os.path.normpath(f"{here}/{name}") not in apart
        ]
        found += [
            os.path.normpath(f"{here}/{name}")
            for name in files + directories
            if name.endswith(suffix) or name.startswith((OWN, f".{OWN}"))
        ]
    return sorted(found)
