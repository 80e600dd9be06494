"""The new file of a restore, durable beside the live one before any live file is touched.

Where names can be exchanged it is a second name of the saved copy, which costs no space; anywhere
else, and wherever the copy is not just as recorded, it is a copy of its own.
"""

from __future__ import annotations

import base64
import contextlib
import errno
import hashlib
import os
import stat
from typing import TYPE_CHECKING, Optional

from ..errors import HostError
from ..files import metadata, state
from ..files.copy import FRESH
from ..files.fsync import flushed
from ..files.read import blocks, sha256
from ..files.tree import Irregular, Tree, open_regular, regular
from ..state import evidence

if TYPE_CHECKING:
    from ..state.backup_set import FileEntry
    from .commit import BatchContext
    from .plan import PlanItem

UNLINKED = {errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EXDEV}
"""What a file system says that gives a file no second name."""


def write(place: BatchContext, tree: Tree, item: PlanItem) -> None:
    """Write a copy of its own under the name that the new file is staged under."""
    directory, name = tree.parent(item.saved.path)
    staged = place.staged(item)
    stored = evidence.fetched(place.store, item.saved.sha256) if place.store else None
    source = open_regular(directory, name + place.suffix) if stored is None else stored
    try:
        written(place, item, source, (directory, staged))
    finally:
        os.close(source)


def flush(place: BatchContext, tree: Tree, item: PlanItem) -> None:
    """Make what was written durable: of many files when all are written, which is quicker."""
    directory, _ = tree.parent(item.saved.path)
    flushed(open_regular(directory, place.staged(item)))


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


def link(place: BatchContext, tree: Tree, item: PlanItem) -> Optional[str]:
    """Give a durable saved copy that is just as recorded its second name; else return its path."""
    linked = place.exchanges(item) and _linked(place, tree, item)
    return None if linked else item.saved.path


def _linked(place: BatchContext, tree: Tree, item: PlanItem) -> bool:
    directory, name = tree.parent(item.saved.path)
    copied, staged = name + place.suffix, place.staged(item)
    read = place.trusted("staged", item, directory, copied)
    if read is None:
        read = _relied(item.saved, directory, copied)
    if read is None:
        return False
    try:
        link_as(directory, copied, staged)
    except OSError as error:
        if error.errno in UNLINKED:
            return False
        raise
    stamp = state.other_name(directory, staged, read)
    if not stamp:
        raise changed(item.saved)
    place.seen.note("staged", item.number, stamp)
    return True


def _relied(saved: FileEntry, directory: int, copied: str) -> Optional[os.stat_result]:
    """Read a saved copy and make it durable; return its state, None if it is not as recorded."""
    try:
        source, found = regular(directory, copied)
    except (FileNotFoundError, Irregular):
        return None
    try:
        if not _is_recorded(saved, source, found):
            return None
        os.fsync(source)
        return found
    finally:
        os.close(source)


def link_as(directory: int, name: str, other: str) -> None:
    """Give a file another name; what an earlier call left under that goes."""
    ends = {"src_dir_fd": directory, "dst_dir_fd": directory}
    try:
        os.link(name, other, **ends, follow_symlinks=False)
    except FileExistsError:
        os.unlink(other, dir_fd=directory)
        os.link(name, other, **ends, follow_symlinks=False)


def _is_recorded(saved: FileEntry, source: int, found: os.stat_result) -> bool:
    """Tell whether an open saved copy is all as recorded, and has this name only."""
    if found.st_nlink != 1 or found.st_size != saved.size:
        return False
    return sha256(source, saved.size) == saved.sha256 and is_dressed(source, found, saved)


def is_dressed(opened: int, found: os.stat_result, saved: FileEntry) -> bool:
    """Tell whether an open file has the recorded owner, mode, times and attributes."""
    return (
        (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode), found.st_mtime_ns)
        == (saved.uid, saved.gid, saved.mode, saved.mtime_ns)
    ) and metadata.xattrs(opened) == decoded(saved)


def copy(source: int, target: int, saved: FileEntry) -> None:
    """Write a copy of an open file, with the recorded metadata; to make it durable is left.

    Raises:
        HostError: the content is not the recorded one.
    """
    seen = hashlib.sha256()
    for block in blocks(source, saved.size):
        seen.update(block)
        rest = memoryview(block)
        while rest:
            rest = rest[os.write(target, rest) :]
    if seen.hexdigest() != saved.sha256:
        raise changed(saved)
    metadata.apply(target, recorded(saved, os.fstat(source).st_atime_ns))


def changed(saved: FileEntry) -> HostError:
    """Return what is said of a saved copy that is not what it was a moment ago."""
    return HostError(
        f"the saved copy of {saved.path} changed under our hands",
        "see who writes there, then run the same command again",
    )


def recorded(saved: FileEntry, atime: int) -> metadata.Metadata:
    """Return the metadata of the record: the saved copy's own may be somebody else's work."""
    times = (atime, saved.mtime_ns)
    return metadata.Metadata(saved.mode, saved.uid, saved.gid, *times, decoded(saved))


def decoded(saved: FileEntry) -> dict[str, bytes]:
    """Return the recorded attributes."""
    return {name: base64.b64decode(value) for name, value in saved.xattrs.items()}


def discard(place: BatchContext, tree: Tree, item: PlanItem) -> None:
    """Take away what was staged; nothing was committed yet."""
    with contextlib.suppress(OSError, Irregular):
        directory, _ = tree.parent(item.saved.path)
        os.unlink(place.staged(item), dir_fd=directory)
