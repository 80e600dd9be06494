"""The end of a rollback: backups and preserved failed versions move into the evidence."""

from __future__ import annotations

import os

from ..backup.selection import meant, orphans
from ..errors import HostError
from ..files import comparison, state
from ..files.tree import Tree
from ..messages.location import Location
from ..messages.rollback.files import Archived, ArchivePlan, FilesRequest
from ..restore.context import batches
from ..state import evidence
from ..state.backup_set import FileEntry
from ..state.lock import working


def look(request: FilesRequest) -> ArchivePlan:
    """Return what is left below the root of a rollback of the selection's owners."""
    location, selection = request.location, request.selection
    files = meant(location.state, selection, without=request.without)
    everybody = meant(location.state, selection._replace(only=()))
    known = {saved.path + location.suffix for saved in everybody}
    with Tree(location.root) as tree:
        stray = orphans(tree.root, location.suffix, known)
        return ArchivePlan(
            copies=tuple(s.path for s in files if _has_backup(tree, s.path, location.suffix)),
            preserved=tuple(path for path, _ in preserved(location, tree)),
            differ=tuple(saved.path for saved in files if not _is_recorded(tree, saved)),
            strays=tuple(stray),
        )


def _has_backup(tree: Tree, path: str, suffix: str) -> bool:
    return state.copy(tree, path, suffix, -1).kind != state.ABSENT


def _is_recorded(tree: Tree, saved: FileEntry) -> bool:
    live = state.live(tree, saved.path, saved.size)
    return comparison.same(saved, live)


def preserved(location: Location, tree: Tree) -> list[tuple[str, str]]:
    """Return the failed versions kept beside live files, each with the name it failed under."""
    found = []
    for where, items in batches(location):
        for path in (item.saved.path for item in items):
            beside = os.path.join(os.path.dirname(path), where.names(path)[1])
            if state.live(tree, beside, -1).is_file:
                found.append((beside, path))
    return found


def close(request: FilesRequest) -> Archived:
    """Move backups and preserved failed versions away, once the live files are as recorded.

    Raises:
        HostError: they are not; nothing was moved.
    """
    location = request.location
    with working(location) as work:
        left = look(request)
        if left.differ:
            raise HostError(
                f"live files are not as recorded: {', '.join(left.differ)}",
                "run the same command again; the backups are kept until the files are restored",
            )
        root, copies = location.root, [path + location.suffix for path in left.copies]
        with Tree(root) as tree:
            failed = preserved(location, tree)
        beside, ends = [path for path, _ in failed], [path for _, path in failed]
        return Archived(
            evidence.put_away(work, "failed", root, beside, ends),
            evidence.put_away(work, "saved", root, copies),
            left.strays,
        )
