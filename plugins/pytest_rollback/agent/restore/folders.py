"""Directories that are recorded: made empty, or dressed in place; and what forbids it.

A recorded directory has no backup: the record is all of it. Where it stays, its owner and mode are
set in place, and an empty directory beside it keeps what they were.
"""

from __future__ import annotations

import os
import shlex
from typing import Iterator, Optional, Sequence, Tuple

from ..errors import HostError
from ..files import comparison, exchange, metadata, state
from ..files.handles import DIRECTORY
from ..files.ownership import as_changer
from ..files.tree import Tree
from ..state.backup_set import FileEntry
from ..system import disk
from .context import BatchContext
from .displaced import dress_alike, inside, is_filled, is_folder, remove
from .plan import PlanItem


def make(place: BatchContext, item: PlanItem, at: Tuple[int, str]) -> None:
    """Make an empty directory as it is recorded, under a name of ours, and note it as staged."""
    directory, name = at
    remove(directory, name)
    os.mkdir(name, 0o700, dir_fd=directory)
    dress(directory, name, item.saved)
    found = os.stat(name, dir_fd=directory, follow_symlinks=False)
    place.seen.note("staged", item.number, state.stamp(found))


def dress(directory: int, name: str, saved: FileEntry) -> None:
    """Give a directory the recorded owner, mode and attributes, durably; its times stay."""
    opened = os.open(name, DIRECTORY, dir_fd=directory)
    try:
        now = metadata.read(opened)
        now = now._replace(mode=saved.mode, uid=saved.uid, gid=saved.gid)
        metadata.apply(opened, now._replace(xattrs=comparison.decoded(saved)))
        os.fsync(opened)
    finally:
        os.close(opened)


def kept(item: PlanItem, directory: int, names: Tuple[str, str]) -> Optional[str]:
    """Keep the owner, mode and attributes of a directory, the first name, under the second.

    Returns the path of one that is not what the plan was made from.
    """
    name, old = names
    if not item.is_failed(state.look(directory, old)) and item.is_failed(
        state.look(directory, name)
    ):
        if is_folder(directory, old) and not is_filled(directory, old):  # one that was cut off
            os.rmdir(old, dir_fd=directory)
        os.mkdir(old, 0o700, dir_fd=directory)
        dress_alike(directory, name, old)
    return None if item.is_failed(state.look(directory, old)) else item.saved.path


def refuse(where: BatchContext, items: Sequence[PlanItem]) -> None:
    """Refuse what turns into a directory, or was one, where names cannot be exchanged.

    Raises:
        HostError: no live file was touched yet.
    """
    first = {item.saved.path.rpartition("/")[0]: item.saved.path for item in items}
    unable = exchange.unable(where.root, first, where.mark)
    if unable:
        live = os.path.join(where.root, first[unable[0]])
        raise HostError(
            f"{live} is a directory in one release alone, and its file system cannot exchange "
            "a file and a directory",
            f"move it out of the root, then run the same command again: ls -ld {shlex.quote(live)}",
        )


def unmovable(tree: Tree, path: str) -> Iterator[str]:
    """Yield what in a directory, which gives way to a file, could not be kept as evidence."""
    for below, kind in inside(tree, path):
        if kind not in {"file", "symlink", "directory"}:
            place = os.path.join(tree.path, below)
            remove_it = f"{as_changer(place)}rm {shlex.quote(place)}"
            yield f"{below}: is a {kind}, and cannot be kept: {remove_it}"


def homeless(tree: Tree, path: str) -> Iterator[str]:
    """Yield why a directory cannot be made: the one that it is in is not there."""
    above = path.rpartition("/")[0]
    there = state.live(tree, above) if above else None
    if there and not there.is_directory:
        place = os.path.join(tree.path, above)
        make_it = f"{as_changer(disk.existing(place))}mkdir -p {shlex.quote(place)}"
        what = "is not there" if there.kind == state.ABSENT else f"is a {there.kind}"
        yield f"{path}: the directory that it is in {what}: {make_it}"


def reached(where: BatchContext, items: Sequence[PlanItem]) -> Sequence[PlanItem]:
    """Return all but new files whose directory is away again: undo takes away what was made."""
    with Tree(where.root) as tree:
        above = {os.path.dirname(item.saved.path) for item in items if not item.live} - {""}
        gone = {path for path in above if state.live(tree, path, -1).kind == state.ABSENT}
    if not gone:
        return items
    return [item for item in items if item.live or os.path.dirname(item.saved.path) not in gone]
