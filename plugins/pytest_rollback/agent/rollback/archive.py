"""The end of a rollback: saved copies and preserved failed versions move into the evidence."""

from __future__ import annotations

import os
from typing import Any, Iterator

from ..backup.verify import orphans
from ..errors import HostError
from ..files import state
from ..files.tree import Tree
from ..restore import apply, revert
from ..restore.revert import JOURNALS
from ..state import evidence
from ..state.backup_set import FileEntry
from ..state.journal import entries
from ..state.lock import folder_of, working


def look(question: dict[str, Any]) -> dict[str, Any]:
    """Return what is left below the root of a rollback of the asked owners.

    `copies` are recorded saved copies, `preserved` failed versions that this run kept beside the
    live files, `differ` live files that are not as recorded, `strays` saved copies nobody knows.
    """
    files = apply.meant(question)
    suffix = question["suffix"]
    known = {
        saved.path + suffix for saved in apply.meant({**question, "only": None, "without": ()})
    }
    with Tree(question["root"]) as tree:
        stray = orphans(tree.root, suffix, known)
        return {
            "copies": [
                s.path for s in files if state.copy(tree, s.path, suffix, -1).kind != "absent"
            ],
            "preserved": [path for path, _ in preserved(question, tree)],
            "differ": [saved.path for saved in files if not _is_recorded(tree, saved)],
            "strays": stray,
        }


def _is_recorded(tree: Tree, saved: FileEntry) -> bool:
    live = state.live(tree, saved.path, saved.size)
    return live.has_content(saved) and live.has_owner(saved)


def preserved(question: dict[str, Any], tree: Tree) -> list[tuple[str, str]]:
    """Return the failed versions kept beside live files, each with the name it failed under."""
    found = []
    for path, old in _names(question):
        beside = os.path.join(os.path.dirname(path), old)
        if state.live(tree, beside, -1).is_file:
            found.append((beside, path))
    return found


def _names(question: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield every file that the run restored, and the name its failed version was given."""
    folder = folder_of(question)
    for part, name in JOURNALS.items() if folder else ():
        written = entries(os.path.join(folder or "", name))
        for number, items in enumerate(revert.plans(written)):
            place = revert.place({**question, "part": part}, number)
            yield from ((item.saved.path, place.names(item.saved.path)[1]) for item in items)


def close(question: dict[str, Any]) -> dict[str, Any]:
    """Move saved copies and preserved failed versions away, once the live files are as recorded.

    Raises:
        HostError: they are not; nothing was moved.
    """
    with working(question) as work:
        left = look(question)
        if left["differ"]:
            raise HostError(
                f"live files are not as recorded: {', '.join(left['differ'])}",
                "the saved copies stay until they are; run the same command again",
            )
        root, suffix = question["root"], question["suffix"]
        copies = [path + suffix for path in left["copies"]]
        with Tree(root) as tree:
            failed = preserved(question, tree)
        return {
            "failed": evidence.put_away(
                work, "failed", root, [path for path, _ in failed], [path for _, path in failed]
            ),
            "saved": evidence.put_away(work, "saved", root, copies),
            "strays": left["strays"],
        }
