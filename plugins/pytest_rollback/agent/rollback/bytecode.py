"""Bytecode beside restored sources that Python might run instead of them: found, and moved away."""

from __future__ import annotations

import os
from typing import Dict, Iterable, Iterator, List, Sequence, Tuple

from ..backup import additions
from ..backup.selection import meant
from ..files.tree import Tree
from ..messages.rollback.files import FilesRequest, Moved, StaleBytecode
from ..state import backup_set, evidence
from ..state.lock import working
from ..state.releases import packaged
from ..state.releases.stale_bytecode import is_stale, names
from . import empty_directories


def look(request: FilesRequest) -> StaleBytecode:
    """Return bytecode that is not, or perhaps not, that of a recorded or added source."""
    root, known = request.location.root, backup_set.read(request.location.state)
    sources = restored(request)
    stale, empty = found(root, sources)
    inside = [os.path.join(directory, "") for directory in empty]
    made = empty_directories.left(root, inside, known)
    return StaleBytecode(
        stale=tuple(stale),
        sourceless=tuple(sorted(sourceless(root, sources))),
        directories=tuple(path for path in made if path in empty),
    )


def found(root: str, sources: Iterable[str]) -> Tuple[List[str], List[str]]:
    """Return the stale bytecode of sources, and their directories for bytecode without any."""
    stale: List[str] = []
    listed: Dict[str, List[str]] = {}
    with Tree(root) as tree:
        for source in sources:
            directory = os.path.join(os.path.dirname(source), "__pycache__")
            if directory not in listed:
                listed[directory] = names(tree, directory)
            stem = os.path.basename(source)[:-2]
            cached = (
                os.path.join(directory, name) for name in listed[directory] if name.startswith(stem)
            )
            stale += [path for path in cached if is_stale(tree, source, path)]
    return stale, [directory for directory in listed if not listed[directory]]


def restored(request: FilesRequest) -> List[str]:
    """Return the sources that are recorded, that the deploy added, or that packages bring."""
    state, selection = request.location.state, request.selection
    paths = [saved.path for saved in meant(state, selection)]
    known = backup_set.read(state)
    paths += additions.meant(selection, known)
    paths += packaged.sources(known, os.path.realpath(request.location.root))
    return [path for path in paths if path.endswith(".py")]


def clear(request: FilesRequest) -> Moved:
    """Move stale bytecode into the evidence, and the directories of the deploy left empty by it."""
    root, state = request.location.root, request.location.state
    with working(request.location) as work:
        left = look(request)
        stale = sorted(left.stale, key=os.path.split)
        moved = evidence.put_away(work, "caches", root, stale)
        known = backup_set.read(state)
        inside = [os.path.join(directory, "") for directory in left.directories]
        paths = [*stale, *inside, *additions.meant(request.selection, known)]
        return Moved(moved, empty_directories.take_away(work, root, paths, known))


def sourceless(root: str, sources: Sequence[str]) -> Iterator[str]:
    """Yield bytecode in the sources' own directories that has no source beside it."""
    with Tree(root) as tree:
        for directory in {os.path.dirname(source) for source in sources}:
            for name in names(tree, directory):
                path = os.path.join(directory, name)
                try:
                    tree.status(path[:-1])
                except FileNotFoundError:
                    yield path
