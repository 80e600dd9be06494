"""Files that the failed deploy added: the record names them; they move into the evidence."""

from __future__ import annotations

import os
from typing import Any

from ..backup.owners import Owners
from ..errors import HostError, failed
from ..files.tree import Irregular, Tree
from ..messages.location import ComponentFiles
from ..state import backup_set, evidence
from ..state.backup_set import BackupSet
from ..state.lock import working
from . import empty_directories


def look(question: dict[str, Any]) -> dict[str, Any]:
    """Return which added files of the asked owners are there; `only` names none for everybody's.

    `directories` are those that the deploy made for them, and that are empty.
    """
    known, root = backup_set.read(question["state"]), question["root"]
    wanted = meant(question, known)
    with Tree(root) as tree:
        paths = [path for path in wanted if is_there(tree, path)]
    return {"paths": paths, "directories": empty_directories.left(root, wanted, known.created)}


def meant(question: dict[str, Any], known: BackupSet) -> list[str]:
    """Return the added files of the asked owners, directory by directory."""
    components = [ComponentFiles(each["name"], each["patterns"]) for each in question["components"]]
    owners, only = Owners(components), question.get("only")
    chosen = [path for path in known.added if not only or owners.of(path) in only]
    return sorted(chosen, key=os.path.split)


def is_there(tree: Tree, path: str) -> bool:
    """Tell whether there is something at a path.

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
            f"{path}: on the way, {other}", "put the directory back that the link took the place of"
        ) from other
    return True


def remove(question: dict[str, Any]) -> dict[str, Any]:
    """Move the added files into the evidence; directories the deploy made go when left empty."""
    with working(question) as work:
        known = backup_set.read(question["state"])
        paths = meant(question, known)
        moved = evidence.put_away(work, "added", question["root"], paths)
        return {
            "moved": moved,
            "directories": empty_directories.take_away(
                work, question["root"], paths, known.created
            ),
        }
