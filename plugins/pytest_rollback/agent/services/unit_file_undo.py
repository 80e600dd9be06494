"""Undo of installed unit files: the versions from before come back from the run's evidence."""

from __future__ import annotations

import contextlib
import os
from typing import Any, Container

from ..errors import HostError
from ..files import state as files_state
from ..files.tree import Tree
from ..state import evidence

INSTALLING = "installing"
"""The event of the journal that announces each installed file."""


def standing(
    store: str, written: list[dict[str, Any]], apart: Container[str] = ()
) -> tuple[list[str], list[tuple[str, str]]]:
    """Return which unit files undo would bring back, given what was installed, and what not.

    `store` is the folder in which their versions from before are. Those `apart` stay as they are.
    """
    known: dict[tuple[str, str], list[str]] = {}
    for entry in written:
        ours = known.setdefault((entry["directory"], entry["name"]), [entry["before"]])
        ours += [entry["before"], entry["after"]]
    back: list[str] = []
    said: list[tuple[str, str]] = []
    for (directory, name), ours in known.items():
        path = os.path.join(directory, name)
        if path in apart:
            continue
        with Tree(directory) as tree:
            side = files_state.live(tree, name)
        if side.kind not in {"file", files_state.ABSENT} or side.sha256 not in ours:
            said.append((path, f"{path} changed since it was installed"))
        elif side.sha256 != ours[0]:
            back.append(name)
            lost = evidence.changed([(f"{store}/units/{name}", ours[0])])
            said += [(path, each) for each in lost]
    return back, said


def take_back(store: str, entry: dict[str, Any]) -> int:
    """Undo one installation, from any point of it; return whether the file came back.

    Raises:
        HostError: the installed file is neither the one from before nor ours.
    """
    path = entry["name"]
    with Tree(entry["directory"]) as tree, Tree(store) as kept, tree.naming(path):
        now = files_state.live(tree, path).sha256
        with contextlib.suppress(FileNotFoundError):  # what an installation that failed has left
            above, name = tree.parent(path)
            os.unlink(f".rollback-{name}.new", dir_fd=above)
        if now == entry["before"]:
            return 0
        if now != entry["after"]:
            raise HostError(f"{entry['directory']}/{path} changed since it was installed", "see it")
        above, name = tree.parent(path)
        if entry["before"]:
            evidence.copy(kept.parent(f"units/{path}"), (above, name))
        else:
            os.unlink(name, dir_fd=above)
            with contextlib.suppress(OSError):  # a directory that we made for it alone
                os.rmdir(os.path.dirname(path) or name, dir_fd=tree.root)
        os.fsync(tree.root)
    return 1
