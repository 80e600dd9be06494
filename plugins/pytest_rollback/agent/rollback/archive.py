"""The end of a rollback: backups and preserved failed versions move into the evidence."""

from __future__ import annotations

import os
import shlex

from ..backup import additions
from ..backup.selection import meant, orphans
from ..errors import HostError
from ..files import comparison, metadata, state
from ..files.tree import Tree
from ..messages.location import Location
from ..messages.rollback.files import Archived, ArchivePlan, FilesRequest
from ..restore import displaced
from ..restore.context import batches
from ..state import backup_set, evidence
from ..state.backup_set import FileEntry
from ..state.journal import entries
from ..state.lock import CHANGES, folder_of, working
from ..state.releases import copies, linked
from ..system import tools
from .default_undo import DEFAULTING

MANY = 20
"""Names in a hint, at most."""


def look(request: FilesRequest) -> ArchivePlan:
    """Return what is left below the root of a rollback of the selection's owners.

    The backups of a set of which the run has restored nothing, and will restore nothing, are not
    left of it: the next rollback needs them.

    Raises:
        HostError: `chattr` protects a backup: it could not be moved.
    """
    location, selection = request.location, request.selection
    files = meant(location.state, selection, without=request.without)
    everybody = meant(location.state, selection._replace(only=()))
    record = backup_set.read(location.state)
    where = copies.of(location, record)
    known = set(where.beside(saved.path for saved in everybody))
    with Tree(location.root) as tree:
        apart = linked.folders(record)
        stray = orphans(tree, location, known, apart)
        differ = tuple(saved.path for saved in files if not _is_recorded(tree, saved))
        needed = not (differ or has_acted(location) or _has_added(tree, request))
        ours = () if needed or where.are_apart else files
        left = [s.path for s in ours if _has_backup(tree, s.path, location.suffix)]
        _demand_movable(tree, where.beside(left))
        return ArchivePlan(
            copies=tuple(left),
            preserved=tuple(path for path, _ in preserved(location, tree)),
            differ=differ,
            strays=tuple(stray),
        )


def _demand_movable(tree: Tree, copies: list[str]) -> None:
    """Refuse backups that `chattr` protects: not even root gives them another place."""
    found = {path: tools.flags_at(*tree.parent(path)) for path in copies}
    shut = {path: flags for path, flags in found.items() if flags}
    if shut:
        said = (f"{path} is {metadata.flag_words(flags)}" for path, flags in shut.items())
        words = [shlex.quote(os.path.join(tree.path, path)) for path in shut]
        raise HostError(
            f"a backup could not be moved into the evidence: {', '.join(said)}",
            f"as root on the host: chattr -ia {' '.join(words[:MANY])}",
        )


def has_acted(location: Location) -> bool:
    """Return whether a run has begun to restore anything of its backup set."""
    folder = folder_of(location)
    if any(len(items) for _, items in batches(location)):
        return True
    written = entries(os.path.join(folder, CHANGES)) if folder else []
    return any(each["event"] == DEFAULTING or each.get("kind") == "added" for each in written)


def _has_added(tree: Tree, request: FilesRequest) -> bool:
    """Return whether a file that the deploy added is there: it is still to be moved away."""
    known = backup_set.read(request.location.state)
    return any(additions.is_there(tree, path) for path in additions.meant(request.selection, known))


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
            there = state.live(tree, beside, -1)
            if there.is_known:
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
        root, beside = location.root, [path + location.suffix for path in left.copies]
        with Tree(root) as tree:
            failed = preserved(location, tree)
        return Archived(
            displaced.put_away(work, root, failed),
            evidence.put_away(work, "saved", root, beside),
            left.strays,
        )
