"""Backups on disk: written beside the files, made durable in batches, then named at once.

Until the renames nothing but files of our own names has come to be; a crash at any instant leaves
every live file untouched, and the same command again completes the set.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
import stat
from typing import Iterable, NamedTuple, Optional, Sequence

from . import links, metadata
from .fsync import flushed, spread
from .handles import DIRECTORY, FRESH, Irregular, open_regular
from .metadata import FileEntry
from .read import blocks, has_holes, poured
from .tree import Tree


class Batch(NamedTuple):
    """What came of staging: the entries for the record, and what could not be staged."""

    saved: list[FileEntry]
    problems: list[str]


def temporary(path: str) -> str:
    """Return the name a copy has until it is whole: a run that was killed leaves no other."""
    digest = hashlib.sha256(os.fsencode(path)).hexdigest()
    return f".rollback-{digest[:24]}.new"


def stage(root: str, paths: Sequence[str], into: Optional[int] = None) -> Batch:
    """Write each file's durable copy under its temporary name; take all away if one fails.

    `into` is the directory that copies are written to, None for that of each file.
    """
    with Tree(root) as tree:
        found = [_attempt(tree, path, into) for path in paths]
    saved = [entry for entry in found if isinstance(entry, FileEntry)]

    def flush(tree: Tree, entry: FileEntry) -> object:
        return _flushed(tree, entry, into)

    found += spread(flush, root, [entry for entry in saved if not entry.is_directory])
    batch = Batch(saved, [entry for entry in found if isinstance(entry, str)])
    if batch.problems:
        discard(root, paths, into)
    return batch


def _attempt(tree: Tree, path: str, into: Optional[int]) -> object:
    """Return the entry of a staged file, or why it could not be staged."""
    try:
        return _staged(tree, path, into)
    except (Irregular, OSError) as error:
        return _unsaved(path, error)


def _flushed(tree: Tree, entry: FileEntry, into: Optional[int]) -> object:
    """Make a staged copy durable, or return why it could not be; a link is, with its directory."""
    try:
        directory = tree.parent(entry.path)[0] if into is None else into
        if entry.is_link:
            os.fsync(directory)
        else:
            flushed(open_regular(directory, temporary(entry.path)))
    except (Irregular, OSError) as error:
        return _unsaved(entry.path, error)
    return None


def _unsaved(path: str, error: Exception) -> str:
    return f"{path}: cannot be saved: {getattr(error, 'strerror', None) or error}"


def _staged(tree: Tree, path: str, into: Optional[int]) -> FileEntry:
    directory, name = tree.parent(path)
    there = directory if into is None else into
    with contextlib.suppress(FileNotFoundError):
        os.unlink(temporary(path), dir_fd=there)
    try:
        source = open_regular(directory, name)
    except Irregular as other:
        if other.kind not in OTHERS:
            raise
        return OTHERS[other.kind](path, (directory, name), there)
    try:
        target = os.open(temporary(path), FRESH, 0o600, dir_fd=there)
        try:
            return _copied(path, source, target)
        finally:
            os.close(target)
    finally:
        os.close(source)


def _linked(path: str, source: tuple[int, str], into: int) -> FileEntry:
    """Make a link that leads where another does, and return what it is."""
    links.copy(source, (into, temporary(path)))
    link, live = links.read(into, temporary(path)), links.read(*source)
    if link.target != live.target:
        raise OSError(0, "it changed while it was copied")
    found, digest = link.found, hashlib.sha256(link.target).hexdigest()
    numbers = (stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid, found.st_mtime_ns)
    return FileEntry(path, digest, len(link.target), *numbers, {}, 0, metadata.LINK)


def _folder(path: str, source: tuple[int, str], into: int) -> FileEntry:
    """Return what an empty directory is: the record is all that is kept of it."""
    del into
    directory, name = source
    opened = os.open(name, DIRECTORY, dir_fd=directory)
    try:
        if os.listdir(opened) or metadata.flags(opened):
            raise OSError(0, "it is protected by chattr, or is not empty any more")
        return _dress(path, opened)
    finally:
        os.close(opened)


def directory(tree: Tree, path: str) -> FileEntry:
    """Return what a directory is, whatever is in it."""
    return _dress(path, tree.directory(path))


def _dress(path: str, opened: int) -> FileEntry:
    """Return the entry of an open directory."""
    found = metadata.read(opened)
    numbers = (0, found.mode, found.uid, found.gid, found.mtime_ns)
    xattrs = {name: base64.b64encode(value).decode() for name, value in found.xattrs.items()}
    return FileEntry(path, hashlib.sha256().hexdigest(), *numbers, xattrs, 0, metadata.FOLDER)


OTHERS = {"symlink": _linked, "directory": _folder}
"""What is saved besides files."""


def _copied(path: str, source: int, target: int) -> FileEntry:
    """Copy bytes and metadata, and return what was copied."""
    before, carried = os.fstat(source), metadata.read(source)
    content = blocks(source, before.st_size)
    digest, size = poured(content, target, holes=has_holes(before))
    metadata.apply(target, carried)
    after = os.fstat(source)
    if (before.st_ctime_ns, before.st_size, size) != (after.st_ctime_ns, after.st_size, size):
        raise OSError(0, "it changed while it was copied")
    return FileEntry(
        path,
        digest,
        size,
        carried.mode,
        carried.uid,
        carried.gid,
        carried.mtime_ns,
        {name: base64.b64encode(value).decode() for name, value in carried.xattrs.items()},
        metadata.flags(source),
    )


def commit(root: str, paths: Sequence[str], suffix: str) -> None:
    """Give each staged copy its name, durably. Copies of those names are replaced.

    `paths` are those of files and links: a directory has no copy.

    Raises:
        OSError: a name could not be given; the same call again completes it.
    """
    with Tree(root) as tree:
        for path in paths:
            directory, name = tree.parent(path)
            os.rename(temporary(path), name + suffix, src_dir_fd=directory, dst_dir_fd=directory)
    settle(root, paths)


def settle(root: str, paths: Iterable[str]) -> None:
    """Make the entries of every directory that holds one of the paths durable, once each."""
    above: set[str] = {path.rpartition("/")[0] for path in paths}
    spread(lambda tree, name: os.fsync(tree.directory(name)), root, sorted(above))


def discard(root: str, paths: Iterable[str], into: Optional[int] = None) -> None:
    """Take away whatever was staged for the paths."""
    with Tree(root) as tree:
        for path in paths:
            with contextlib.suppress(Irregular, OSError):
                there = tree.parent(path)[0] if into is None else into
                os.unlink(temporary(path), dir_fd=there)
