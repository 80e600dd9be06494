"""Files that the failed deploy added: the record names them; they move into the evidence."""

from __future__ import annotations

import os

from ..backup.owners import Owners
from ..errors import HostError, failed
from ..files.tree import Irregular, Tree
from ..messages.location import Selection
from ..messages.rollback.files import AddedFiles, FilesRequest, Moved
from ..state import backup_set, evidence
from ..state.backup_set import BackupSet
from ..state.lock import working
from . import empty_directories


def look(request: FilesRequest) -> AddedFiles:
    """Return which added files of the selection's owners are there."""
    root = request.location.root
    known = backup_set.read(request.location.state)
    wanted = meant(request.selection, known)
    with Tree(root) as tree:
        paths = tuple(path for path in wanted if is_there(tree, path))
    return AddedFiles(paths, tuple(empty_directories.left(root, wanted, known.created)))


def meant(selection: Selection, known: BackupSet) -> list[str]:
    """Return the added files of the selection's owners, directory by directory."""
    owners, only = Owners(selection.components), selection.only
    chosen = [path for path in known.added if not only or owners.of(path) in only]
    return sorted(chosen, key=os.path.split)


def is_there(tree: Tree, path: str) -> bool:
    """Return whether there is something at a path.

    Raises:
        HostError: a link is on the way; what lies behind it is not ours to judge.
    """
    try:
        directory, name = tree.parent(path)
        os.stat(name, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise failed(error, os.path.join(tree.path, path)) from error
    except Irregular as other:
        if other.kind != "symlink":
            return False
        raise HostError(
            f"{path}: a parent of it, {other}",
            "replace the link by the directory that was there before",
        ) from other
    return True


def remove(request: FilesRequest) -> Moved:
    """Move the added files into the evidence; directories the deploy made go when left empty."""
    location = request.location
    with working(location) as work:
        known = backup_set.read(location.state)
        paths = meant(request.selection, known)
        moved = evidence.put_away(work, "added", location.root, paths)
        return Moved(moved, empty_directories.take_away(work, location.root, paths, known.created))
