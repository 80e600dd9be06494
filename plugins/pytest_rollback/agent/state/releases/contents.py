"""Backups in the state directory: each content once, linked into every set that has it.

A content is a file with its owner, mode, times and attributes; its name is the digest of all that.
The folder of a set has links to contents under the paths of the files, so that a backup is found
by its path, and a file that two sets have takes its room once.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
from typing import Iterable, List, Sequence

from ...files import comparison, copy, state
from ...files.handles import DIRECTORY
from ...files.metadata import FileEntry
from ...files.tree import Tree
from .. import directory as places
from ..evidence import make, settle
from .copies import FILES, FOLDER

CONTENTS = "contents"
"""The directory of contents, below the state directory."""


def stage(state_directory: str, root: str, paths: Sequence[str]) -> copy.Batch:
    """Write a durable copy of each file into the state directory, under temporary names."""
    into = _contents(state_directory)
    try:
        return copy.stage(root, paths, into)
    finally:
        os.close(into)


def commit(state_directory: str, kept: str, saved: Iterable[FileEntry]) -> None:
    """Give staged copies their names among the contents, and in the folder of a set, durably.

    Raises:
        OSError: a name could not be given; the same call again completes it.
    """
    files = [entry for entry in saved if not entry.is_directory]
    into = _contents(state_directory)
    try:
        with Tree(state_directory) as tree:
            place = f"{FOLDER}/{kept}/{FILES}"
            for above in sorted({f"{place}/{entry.path}".rpartition("/")[0] for entry in files}):
                make(tree, above)
            for entry in files:
                _named(entry, into, tree.parent(f"{place}/{entry.path}"))
            settle(tree, [f"{place}/{entry.path}" for entry in files])
        os.fsync(into)
    finally:
        os.close(into)


def _named(entry: FileEntry, into: int, place: tuple[int, str]) -> None:
    """Give one copy its names; a link has none but its own."""
    directory, name = place
    staged = copy.temporary(entry.path)
    if entry.is_link:
        os.rename(staged, name, src_dir_fd=into, dst_dir_fd=directory)
        return
    content = digest(entry)
    if comparison.is_version(entry, state.look(into, content)):
        os.unlink(staged, dir_fd=into)
    else:
        os.rename(staged, content, src_dir_fd=into, dst_dir_fd=into)
    link((into, content), place)


def link(source: tuple[int, str], target: tuple[int, str]) -> None:
    """Give a file a second name in place of what has it, so that there is one at every instant."""
    directory, name = target
    with contextlib.suppress(FileExistsError):
        _linked(source, target)
        return
    fresh = copy.temporary(name)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(fresh, dir_fd=directory)
    _linked(source, (directory, fresh))
    os.rename(fresh, name, src_dir_fd=directory, dst_dir_fd=directory)
    with contextlib.suppress(FileNotFoundError):  # both were names of one file already
        os.unlink(fresh, dir_fd=directory)


def _linked(source: tuple[int, str], target: tuple[int, str]) -> None:
    ends = {"src_dir_fd": source[0], "dst_dir_fd": target[0]}
    os.link(source[1], target[1], **ends, follow_symlinks=False)


def digest(entry: FileEntry) -> str:
    """Return the name of a content: the digest of what it is, its path aside."""
    return hashlib.sha256(json.dumps(entry[1:], sort_keys=True).encode()).hexdigest()


def prune(state_directory: str, stay: Iterable[str]) -> List[str]:
    """Remove the folders of all other sets, and contents that no set has; return which sets went.

    Raises:
        OSError: one could not be removed.
    """
    kept = frozenset(stay)
    into = _contents(state_directory)
    try:
        with Tree(state_directory) as tree:
            make(tree, FOLDER)
            gone = sorted(set(os.listdir(tree.directory(FOLDER))) - kept)
            for name in gone:
                _remove(tree.directory(FOLDER), name)
        for name in os.listdir(into):
            if os.stat(name, dir_fd=into, follow_symlinks=False).st_nlink == 1:
                os.unlink(name, dir_fd=into)
    finally:
        os.close(into)
    return gone


def _remove(directory: int, name: str) -> None:
    """Remove a directory with all that is in it."""
    for here, folders, files, opened in os.fwalk(name, topdown=False, dir_fd=directory):
        del here
        for each in files:
            os.unlink(each, dir_fd=opened)
        for each in folders:
            found = os.stat(each, dir_fd=opened, follow_symlinks=False)
            remove = os.rmdir if stat.S_ISDIR(found.st_mode) else os.unlink  # a link to a directory
            remove(each, dir_fd=opened)
    os.rmdir(name, dir_fd=directory)


def _contents(state_directory: str) -> int:
    """Return a descriptor of the directory of contents, made when it is missing."""
    above = places.opened(state_directory)
    try:
        with contextlib.suppress(FileExistsError):
            os.mkdir(CONTENTS, places.PRIVATE, dir_fd=above)
            os.fsync(above)
        return os.open(CONTENTS, DIRECTORY, dir_fd=above)
    finally:
        os.close(above)
