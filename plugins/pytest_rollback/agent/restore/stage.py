"""New files and links beside live ones: copies of backups as recorded, and second names."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os

from ..errors import HostError
from ..files import comparison, links, metadata, state
from ..files.fsync import flushed
from ..files.handles import FRESH, open_directory, open_regular
from ..files.read import blocks, has_holes, poured
from ..files.tree import Tree
from ..state import evidence
from ..state.backup_set import FileEntry
from ..state.releases.copies import OpenCopies
from . import folders
from .context import BatchContext
from .plan import PlanItem

UNLINKED = {errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EXDEV}
"""What a file system says that gives a file no second name."""


def write(place: BatchContext, tree: Tree, item: PlanItem, name: str) -> None:
    """Write a copy of a backup, or of what was fetched in its stead, beside the live file."""
    directory, _ = tree.parent(item.saved.path)
    if item.saved.is_directory:
        folders.make(place, item, (directory, name))
        return
    stored = evidence.fetched(place.store, item.saved.sha256) if place.store else None
    backups = place.backups or OpenCopies(place.where, tree)
    if item.saved.is_link and stored is None:
        target = links.read(*backups.parent(item.saved.path)).target
        link(place, item, target, (directory, name))
        return
    source = open_regular(*backups.parent(item.saved.path)) if stored is None else stored
    try:
        if item.saved.is_link:
            link(place, item, os.read(source, item.saved.size + 1), (directory, name))
            return
        written(place, item, source, (directory, name))
    finally:
        os.close(source)


def flush(tree: Tree, item: PlanItem, name: str) -> None:
    """Make what was written durable: of many files when all are written, which is quicker."""
    directory, _ = tree.parent(item.saved.path)
    if item.saved.is_link:
        os.fsync(directory)  # a link is durable with its name
    elif item.saved.is_directory:
        flushed(open_directory(directory, name))
    else:
        flushed(open_regular(directory, name))


def written(place: BatchContext, item: PlanItem, source: int, at: tuple[int, str]) -> None:
    """Write a copy of an open file, which is for us alone at first, and note it as staged."""
    directory, name = at
    try:
        target = os.open(name, FRESH, 0o600, dir_fd=directory)
    except FileExistsError:  # an earlier call left it
        os.unlink(name, dir_fd=directory)
        target = os.open(name, FRESH, 0o600, dir_fd=directory)
    try:
        copy(source, target, item.saved)
        place.seen.note("staged", item.number, state.stamp(os.fstat(target)))
    finally:
        os.close(target)


def link(place: BatchContext, item: PlanItem, target: bytes, at: tuple[int, str]) -> None:
    """Make a link that leads where the recorded one did, and note it as staged.

    Raises:
        HostError: the target is not the recorded one.
    """
    directory, name = at
    saved = item.saved
    if not saved.holds(len(target), hashlib.sha256(target).hexdigest()):
        raise changed(saved)
    with contextlib.suppress(FileNotFoundError):  # an earlier call left it
        os.unlink(name, dir_fd=directory)
    times = (saved.mtime_ns, saved.mtime_ns)
    links.make(directory, name, target, (saved.uid, saved.gid), times)
    found = os.stat(name, dir_fd=directory, follow_symlinks=False)
    place.seen.note("staged", item.number, state.stamp(found))


def copy(source: int, target: int, saved: FileEntry) -> None:
    """Write a copy of an open file, with the recorded metadata; to make it durable is left.

    Raises:
        HostError: the content is not the recorded one.
    """
    found = os.fstat(source)
    digest, _ = poured(blocks(source, saved.size), target, holes=has_holes(found))
    if not saved.has_bytes(digest):
        raise changed(saved)
    metadata.apply(target, recorded(saved, os.fstat(source).st_atime_ns))


def changed(saved: FileEntry) -> HostError:
    """Return what is said of a backup that is not what it was a moment ago."""
    return HostError(
        f"the backup of {saved.path} changed while it was read",
        "find out who writes there, then run the same command again",
    )


def recorded(saved: FileEntry, atime: int) -> metadata.Metadata:
    """Return the metadata of the record: the backup's own may be somebody else's work."""
    times = (atime, saved.mtime_ns)
    return metadata.Metadata(saved.mode, saved.uid, saved.gid, *times, comparison.decoded(saved))
