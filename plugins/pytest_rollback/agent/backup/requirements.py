"""What a rollback of the recorded backup set needs of its host: rights and room."""

from __future__ import annotations

import contextlib
import os
from typing import Dict, Iterable, Iterator, List

from ..files import lookup, reach
from ..messages.requirements import (
    Rights,
    RightsRequest,
    Space,
    SpaceRequest,
)
from ..state import backup_set
from ..state.releases import copies
from ..system import disk, tools
from ..system.disk import Need, rooms

BLOCK = 4096
LINE = 1024
"""Bytes that the journal and the record of a run need for each file; measured, and doubled."""

MOST_LOG = 8 << 20
"""Bytes of each log that a run keeps as evidence, at most."""


def rights(request: RightsRequest) -> Rights:
    """Return how many paths a rollback would replace, and why some of them cannot be.

    These are recorded files and their backups, added files, unit files where they are installed,
    the state directory, and the request's own paths, such as that of the maintenance page.

    Raises:
        HostError: there is no record that can be used.
    """
    location = request.location
    known, root = backup_set.read(location.state), location.root
    names = [saved.path for saved in known.files]
    beside = copies.of(location, known).beside(names)
    wanted = [os.path.join(root, name) for name in (*names, *beside)]
    wanted += [os.path.join(root, name) for name in known.added]
    wanted += installed(names, request.source, request.directory)
    wanted += [f"{location.state}/run", *request.paths]
    nowhere = {
        path: f"its directory {os.path.dirname(path)} is not there"
        for path in request.paths
        if lookup.kind(os.path.dirname(path)) != "directory"
    }
    return Rights(len(wanted), {**tools.denials(wanted), **nowhere})


def installed(names: Iterable[str], source: str | None, directory: str | None) -> list[str]:
    """Return where the unit files among these are installed."""
    inside = [name for name in names if source and os.path.dirname(name) == source]
    return [f"{directory}/{os.path.basename(name)}" for name in inside]


def space(request: SpaceRequest) -> Space:
    """Return what each file system has to hold during a rollback, and whether it can.

    Beside each file a new one is staged. The failed version, the backup and what the deploy added
    become evidence in the state directory, with configuration, logs and the journal.

    Raises:
        HostError: there is no record that can be used.
    """
    location = request.location
    root, state = location.root, location.state
    known = backup_set.read(state)
    names = [saved.path for saved in known.files]
    needs, where = Requirements(), copies.of(location, known)
    for saved in known.files:
        size = disk.taken(where.place(saved.path), saved.size)
        needs.add(os.path.join(root, os.path.dirname(saved.path)), size)
        needs.add(state, size)
    evidence = (*names, *known.added, *request.configuration)
    for size in sizes(os.path.join(root, name) for name in evidence):
        needs.add(state, size)
    for size in sizes(request.logs, holes=True):
        needs.add(state, min(size, MOST_LOG))
    needs.add(state, LINE * (64 + len(names)))
    for path in request.paths:
        needs.add(path, BLOCK)
    return Space(rooms(needs.listed()), dict(unread(request.logs)))


class Requirements:
    """What is to be written into each directory: whole blocks and inodes."""

    def __init__(self) -> None:
        self._found: Dict[str, List[int]] = {}

    def add(self, directory: str, size: int) -> None:
        """Add one file."""
        sums = self._found.setdefault(directory, [0, 0])
        sums[0] += -(-size // BLOCK) * BLOCK
        sums[1] += 1

    def listed(self) -> list[Need]:
        """Return the sums."""
        return [Need(directory, *sums) for directory, sums in self._found.items()]


def sizes(names: Iterable[str], *, holes: bool = False) -> Iterator[int]:
    """Yield the size of each of these files that is there, with or without its holes."""
    for name in names:
        with contextlib.suppress(OSError):
            found = reach.status(name, follow=False)
            yield found.st_size if holes else disk.solid(found)


def unread(names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield each file that cannot be opened for reading, with the reason; a pipe is no file."""
    for name in names:
        why = _unread(name)
        if why:
            yield name, why


def _unread(name: str) -> str:
    try:
        reach.file(name).close()
    except OSError as error:
        return error.strerror or str(error)
    return ""
