"""The pool of kept archives: which of them nothing needs any more.

An archive is needed by the record to come, by the records that are kept, and by an undo of the last
runs. Of others the latest stay: as many as the last `keep` records have of a package.
"""

from __future__ import annotations

import contextlib
import os
import re
from typing import Dict, Iterable, Iterator, List, Sequence, Tuple

from ....files import lookup
from ....files.tree import Tree
from ....messages.backup.packages import PackagesRequest
from ....state import backup_set, lease
from ....state import directory as places
from ....state.journal import entries
from ....state.lock import CHANGES
from ....state.releases import sets
from . import recorded
from .recorded import RecordedPackage

ARCHIVE = re.compile(r"^([a-z0-9][a-z0-9+.-]+)_([^_]+)_([a-z0-9-]+)\.[0-9a-f]{16}\.deb$")
"""Under which names archives are kept; what has another name was not put there by us."""

COMING = 1
"""Archives that a record has of a package besides that of what is installed: of what comes."""


def prune(request: PackagesRequest, made: Sequence[RecordedPackage]) -> List[str]:
    """Remove archives of the packages that nothing needs any more; return their names.

    Args:
        request: with the pool, and how many records are kept.
        made: what the record to come has of the packages.

    Raises:
        HostError: a record that may need some of them is damaged; nothing was removed.
    """
    if request.keep < 1 or lookup.kind(request.pool, follow=False) != "directory":
        return []
    needed = set(_needed([*made, *_known(request)]))
    gone = []
    with Tree(request.pool) as tree:
        for kept in _by_package(tree, {each.name for each in made}).values():
            old = sorted(kept, reverse=True)[request.keep + COMING :]
            gone += [name for _, name in old if needed.isdisjoint((name, _version(name)))]
        for name in gone:
            os.unlink(name, dir_fd=tree.root)
    return gone


def _by_package(tree: Tree, names: Iterable[str]) -> Dict[Tuple[str, str], List[Tuple[int, str]]]:
    """Return the archives of some packages, by name and architecture, each with its time."""
    plain = {name.partition(":")[0] for name in names}
    found: Dict[Tuple[str, str], List[Tuple[int, str]]] = {}
    for name in os.listdir(tree.directory("")):
        parts = ARCHIVE.match(name)
        if parts and parts[1] in plain:
            at = os.stat(name, dir_fd=tree.root, follow_symlinks=False).st_mtime_ns
            found.setdefault((parts[1], parts[3]), []).append((at, name))
    return found


def _version(name: str) -> str:
    """Return package and version of an archive, as its name has them."""
    return name.rpartition("_")[0]


def _needed(packages: Iterable[RecordedPackage]) -> Iterator[str]:
    """Yield names of archives; of a version that is to come, what its name begins with."""
    for each in packages:
        yield each.archive
        if each.coming:
            version = each.coming.replace(":", "%3a")
            yield f"{each.name.partition(':')[0]}_{version}"


def _known(request: PackagesRequest) -> Iterator[RecordedPackage]:
    """Yield the packages of all records that are kept, and of what the last runs would undo."""
    state = request.location.state
    with contextlib.suppress(places.Absent):
        yield from recorded.of(backup_set.read(state))
    for kept in sets.every(state):
        yield from recorded.of(kept.record)
    for run in lease.names(state)[-request.keep :]:
        for written in entries(os.path.join(lease.folder(state, run), CHANGES)):
            if written["event"] == recorded.RETURNING:
                yield from recorded.read(written["failed"])
