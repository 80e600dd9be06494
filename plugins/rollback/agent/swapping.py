"""One file of a restore: staged beside the live one, the failed version preserved, then renamed.

Every step is told by what is on the disk, so each may be done again after any crash.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
from typing import Callable, NamedTuple, Sequence

from . import blobs, metadata, pairs
from .copying import FRESH, spread
from .hashing import blocks
from .paths import Tree, open_regular
from .problem import Problem
from .record import Saved

FEW = 32
"""Files for which threads are not worth their start."""


class Item(NamedTuple):
    """One file to restore: the recorded one, and the digest of what is live now ("" if absent).

    `source` is where its content comes from: its saved copy, or git where that cannot be used.
    """

    saved: Saved
    live: str
    source: str = "copy"

    def is_failed(self, side: pairs.Side) -> bool:
        """Tell whether a side is what the run found: the failed version, or nothing."""
        if not self.live:
            return side.kind == pairs.ABSENT
        return side.is_file and side.sha256 == self.live


class Place(NamedTuple):
    """Where a batch is restored: the root, the suffix of saved copies, and the batch's own mark.

    `store` is where contents lie that were fetched because a saved copy could not be used.
    """

    root: str
    suffix: str
    mark: str
    store: str = ""

    def names(self, path: str) -> tuple[str, str]:
        """Return the names beside a file that are this batch's own: the new one, the failed one."""
        name = hashlib.sha256(os.fsencode(path)).hexdigest()[:24]
        return f".rollback-{self.mark}-{name}.new", f".rollback-{self.mark}-{name}.old"

    def each(self, step: Callable[[Place, Tree, Item], None], items: Sequence[Item]) -> None:
        """Take a step with every file, many of them in a few threads, and make names durable."""
        if len(items) > FEW:
            spread(lambda tree, item: step(self, tree, item), self.root, items)
        else:
            with Tree(self.root) as tree:
                for item in items:
                    step(self, tree, item)
        self.settle(items)

    def settle(self, items: Sequence[Item]) -> None:
        """Make the entries of every directory that holds one of the files durable, once each."""
        above = sorted({item.saved.path.rpartition("/")[0] for item in items})
        if len(above) > FEW:
            spread(lambda tree, name: os.fsync(tree.directory(name)), self.root, above)
        else:
            with Tree(self.root) as tree:
                for name in above:
                    os.fsync(tree.directory(name))


def stage(place: Place, tree: Tree, item: Item) -> None:
    """Write the durable new file beside the live one."""
    directory, name = tree.parent(item.saved.path)
    new, _ = place.names(item.saved.path)
    fetched = blobs.kept(place.store, item.saved) if place.store else None
    source = open_regular(directory, name + place.suffix) if fetched is None else fetched
    try:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(new, dir_fd=directory)
        target = os.open(new, FRESH, 0o600, dir_fd=directory)
        try:
            _copy(source, target, item.saved)
        finally:
            os.close(target)
    finally:
        os.close(source)


def _copy(source: int, target: int, saved: Saved) -> None:
    seen = hashlib.sha256()
    for block in blocks(source, saved.size):
        seen.update(block)
        rest = memoryview(block)
        while rest:
            rest = rest[os.write(target, rest) :]
    if seen.hexdigest() != saved.sha256:
        raise Problem(
            f"the saved copy of {saved.path} changed under our hands", "see who writes there"
        )
    metadata.apply(target, recorded(saved, os.fstat(source).st_atime_ns))
    os.fsync(target)


def recorded(saved: Saved, atime: int) -> metadata.Metadata:
    """Return the metadata of the record: the saved copy's own may be somebody else's work."""
    xattrs = {name: base64.b64decode(value) for name, value in saved.xattrs.items()}
    return metadata.Metadata(saved.mode, saved.uid, saved.gid, atime, saved.mtime_ns, xattrs)


def preserve(place: Place, tree: Tree, item: Item) -> None:
    """Give the failed version a second name, so that the rename cannot lose it."""
    if not item.live:
        return
    directory, name = tree.parent(item.saved.path)
    _, old = place.names(item.saved.path)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(old, dir_fd=directory)
    os.link(name, old, src_dir_fd=directory, dst_dir_fd=directory, follow_symlinks=False)
    if content(directory, old) != item.live:
        raise moved(item)


def moved(item: Item) -> Problem:
    """Return what is said of a file that is not what the plan was made from."""
    return Problem(f"{item.saved.path} changed since the plan", "undo this run, then start anew")


def commit(place: Place, tree: Tree, item: Item) -> None:
    """Give the new file the live name, in one step."""
    directory, name = tree.parent(item.saved.path)
    new, _ = place.names(item.saved.path)
    live = pairs.look(directory, name)
    if live.has_content(item.saved) and live.has_owner(item.saved):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(new, dir_fd=directory)
        return
    if live.sha256 != item.live:
        raise moved(item)
    # A crash of an older kernel may have kept the name and lost the bytes: look before the rename.
    if content(directory, new) != item.saved.sha256:
        stage(place, tree, item)
    if item.live:
        os.rename(new, name, src_dir_fd=directory, dst_dir_fd=directory)
    else:
        os.link(new, name, src_dir_fd=directory, dst_dir_fd=directory)
        os.unlink(new, dir_fd=directory)


def content(directory: int, name: str) -> str:
    """Return the digest of a file, or "" when there is none."""
    return pairs.look(directory, name).sha256


def take_back(place: Place, tree: Tree, item: Item) -> None:
    """Give the failed version its name again; what the run staged goes.

    Raises:
        Problem: the live file is neither the restored one nor the failed one.
    """
    directory, name = tree.parent(item.saved.path)
    new, old = place.names(item.saved.path)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(new, dir_fd=directory)
    live = pairs.look(directory, name)
    if live.sha256 == item.live and not (item.live == "" and live.is_file):
        with contextlib.suppress(FileNotFoundError):
            # Same content may be another inode with other metadata: the preserved one is the truth.
            os.rename(old, name, src_dir_fd=directory, dst_dir_fd=directory)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(old, dir_fd=directory)  # rename of two names of one file keeps both
        return
    if not live.has_content(item.saved):
        raise Problem(
            f"{item.saved.path} changed after the restore", "save that change elsewhere first"
        )
    if item.live:
        os.rename(old, name, src_dir_fd=directory, dst_dir_fd=directory)
    else:
        os.unlink(name, dir_fd=directory)
