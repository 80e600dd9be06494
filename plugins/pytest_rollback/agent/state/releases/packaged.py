"""What comes back with the packages of a record: their files, wherever they are."""

from __future__ import annotations

import contextlib
import os
from typing import FrozenSet, Iterator, List, Sequence, Tuple

from ...errors import HostError
from ...messages.location import is_below
from ...system.package_owners import installed_files, owners
from .. import backup_set

PART = "packages"
"""Under which name a record has what its packages are."""


def named(record: backup_set.BackupSet) -> List[Tuple[str, str]]:
    """Return the names of a record's packages, each with its architecture.

    Of a damaged one nothing: others say what is wrong with it.
    """
    with contextlib.suppress(KeyError, TypeError):
        known = record.parts.get(PART, ())
        return [(str(each["name"]), str(each["architecture"])) for each in known]
    return []


def brought(state: str, paths: Sequence[str]) -> FrozenSet[str]:
    """Return which files are of a package that the record in a state directory brings back."""
    if not paths:
        return frozenset()
    try:
        names = {_plain(name) for name, _ in named(backup_set.read(state))}
    except HostError:
        return frozenset()
    found = owners(paths) if names else {}
    return frozenset(path for path, package in found.items() if _plain(package) in names)


def sources(record: backup_set.BackupSet, root: str) -> Iterator[str]:
    """Yield the sources that recorded packages have below a root now, relative to it."""
    packages = named(record)
    files = installed_files(packages) if packages else ()
    for path in (each for each in files if each.endswith(".py")):
        above, name = os.path.split(path)
        real = os.path.join(os.path.realpath(above), name)
        if is_below(real, [root]):
            yield os.path.relpath(real, root)


def _plain(name: str) -> str:
    """Return a package's name without its architecture."""
    return name.partition(":")[0]
