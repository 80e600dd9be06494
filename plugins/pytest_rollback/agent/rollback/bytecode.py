"""Bytecode beside restored sources that Python might run instead of them: found, and moved away."""

from __future__ import annotations

import _imp
import os
from typing import Dict, Iterable, Iterator, List, Sequence, Tuple

from ..backup import additions
from ..backup.selection import meant
from ..files import reach
from ..files.handles import Irregular, open_regular
from ..files.tree import Tree
from ..messages.rollback.files import FilesRequest, Moved, StaleBytecode
from ..state import backup_set, evidence
from ..state.lock import working
from ..state.releases import packaged
from . import empty_directories

HEADER = 16
HASHED, CHECKED = 1, 2
"""Flags of a bytecode file: it is bound to the source by its hash; the hash is looked at."""


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


def names(tree: Tree, directory: str) -> list[str]:
    """Return the names of a directory's bytecode files, sorted; none where there is none.

    Raises:
        HostError: it is a link: what lies behind it might be run, and is not ours to move.
    """
    with tree.naming(directory):
        try:
            listed = os.listdir(tree.directory(directory))
            return sorted(name for name in listed if name.endswith(".pyc"))
        except FileNotFoundError:
            return []
        except Irregular as other:
            if other.kind == "symlink":
                raise
            return []


def is_stale(tree: Tree, source: str, cached: str) -> bool:
    """Return whether a bytecode file is, or could be, that of another version of its source."""
    try:
        with os.fdopen(open_regular(*tree.parent(cached)), "rb") as file:
            header, made = file.read(HEADER), os.fstat(file.fileno()).st_mtime_ns
        named = tree.status(source).st_ctime_ns
        with reach.file(os.path.join(tree.path, source)) as file:  # as the interpreter does
            state, content = os.fstat(file.fileno()), file.read(reach.MOST)
    except (Irregular, OSError):  # no source, or unreadable bytecode: nothing would run rightly
        return True
    flags = int.from_bytes(header[4:8], "little")
    if flags & HASHED:
        return not flags & CHECKED or header[8:] != hashed(header, content)
    recorded = int.from_bytes(header[8:12], "little"), int.from_bytes(header[12:], "little")
    actual = int(state.st_mtime) & 0xFFFFFFFF, state.st_size & 0xFFFFFFFF
    # The same second and size do not make the same content: bytecode that was there before the
    # source came to its place (a rename sets ctime) was made from another one.
    return recorded != actual or made < max(named, state.st_ctime_ns)


def hashed(header: bytes, content: bytes) -> bytes:
    """Return a source's hash as the interpreter that wrote this header computes it."""
    return _imp.source_hash(int.from_bytes(header[:4], "little"), content)


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
