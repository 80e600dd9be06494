"""Files that the failed deploy added: the record names them; they move into the evidence."""

from __future__ import annotations

import shlex

from ..backup.additions import is_there, meant
from ..errors import HostError
from ..files.tree import Tree
from ..messages.rollback.files import AddedFiles, FilesRequest, Moved
from ..state import backup_set, evidence
from ..state.lock import working
from ..system import disk
from . import empty_directories


def look(request: FilesRequest) -> AddedFiles:
    """Return which added files of the selection's owners are there.

    Raises:
        HostError: something is mounted on one of them, which cannot be moved then.
    """
    root = request.location.root
    known = backup_set.read(request.location.state)
    wanted = meant(request.selection, known)
    with Tree(root) as tree:
        paths = tuple(path for path in wanted if is_there(tree, path))
    refused = disk.mounted(root, paths)
    if refused:
        raise HostError("; ".join(refused), f"findmnt -R {shlex.quote(root)}")
    return AddedFiles(paths, tuple(empty_directories.left(root, wanted, known)))


def remove(request: FilesRequest) -> Moved:
    """Move the added files into the evidence; directories the deploy made go when left empty."""
    location = request.location
    with working(location) as work:
        known = backup_set.read(location.state)
        paths = meant(request.selection, known)
        moved = evidence.put_away(work, "added", location.root, paths)
        return Moved(moved, empty_directories.take_away(work, location.root, paths, known))
