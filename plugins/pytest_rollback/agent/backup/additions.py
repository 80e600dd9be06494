"""Files that the deploy added, as the record names them."""

from __future__ import annotations

import os
from typing import Iterator

from ..errors import HostError, failed
from ..files.handles import Irregular
from ..files.tree import Tree
from ..messages.location import Selection
from ..state.backup_set import BackupSet
from .owners import Owners


def meant(selection: Selection, known: BackupSet) -> list[str]:
    """Return the added files of the selection's owners, directory by directory."""
    owners, only = Owners(selection.components), selection.only
    chosen = [path for path in apart(known) if not only or owners.of(path) in only]
    return sorted(chosen, key=os.path.split)


def apart(known: BackupSet) -> list[str]:
    """Return the added files that do not lie in the place of a recorded file or link.

    Those that do lie in a directory, which goes as a whole when the file comes back.
    """
    recorded = {saved.path for saved in known.files if not saved.is_directory}
    return [path for path in known.added if recorded.isdisjoint(above(path))]


def above(path: str) -> Iterator[str]:
    """Yield every directory on the way to a path."""
    at = path.find("/")
    while at >= 0:
        yield path[:at]
        at = path.find("/", at + 1)


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
