"""The files of the previous release, among which its migrations are looked for."""

from __future__ import annotations

import contextlib
import os
from typing import Callable, Iterator, List, NamedTuple, Tuple

from ...files.handles import Irregular, open_regular
from ...files.tree import Tree
from ...messages.location import Location
from ...state.backup_set import BackupSet
from ...state.releases import linked

MOST = 1 << 18
"""Bytes of a migration's file that are read."""

LISTED = 300_000
"""Names below the root that are listed; with more of them nothing is judged."""

NEVER = frozenset({".git", ".hg", ".svn"})
"""Directories without a release's files."""

Read = Callable[[str], str]
"""What returns the text of a file of a release, by its path; "" where it cannot be read."""


class Sources(NamedTuple):
    """The files of which a release's migrations are known.

    `known` are those of the previous release, and `added` files that it has not. With `are_all`
    whatever is not `known` it has not. `read` reads them, and `live` those of the live release.
    """

    known: Tuple[str, ...]
    added: Tuple[str, ...]
    read: Read
    are_all: bool
    live: Read


def sources(stack: contextlib.ExitStack, place: Location, record: BackupSet) -> Iterator[Sources]:
    """Yield where a release's files are: the recorded listings, or the live tree and the set."""
    releases = linked.of(record)
    for each in releases:
        with contextlib.suppress(OSError):
            tree = stack.enter_context(Tree(each.place))
            live = stack.enter_context(Tree(os.path.join(record.root, each.link)))
            paths = tuple(one.path for one in linked.listed(place.state, each))
            yield Sources(paths, (), reader(tree), are_all=True, live=reader(live))
    if not record.parts and not record.partial:
        tree = stack.enter_context(Tree(record.root))
        read = reader(tree)
        there = {*listed(tree, place.within), *(saved.path for saved in record.files)}
        known = tuple(sorted(there - set(record.added)))
        yield Sources(known, record.added, read, are_all=False, live=read)


def listed(tree: Tree, within: Tuple[str, ...]) -> List[str]:
    """Return the paths of the files below a root, or below places of it; none if too many."""
    found: List[str] = []
    left = list(within) or [""]
    while left and len(found) < LISTED:
        path = left.pop()
        try:
            with os.scandir(tree.directory(path)) as entries:
                for each in entries:
                    below = f"{path}/{each.name}" if path else each.name
                    if each.is_dir(follow_symlinks=False):
                        left += [] if each.name in NEVER else [below]
                    else:
                        found.append(below)
        except Irregular:
            found.append(path)  # a place that is a single file
        except OSError:
            continue
    return found if len(found) < LISTED else []


def reader(tree: Tree) -> Read:
    """Return what reads files of a tree."""

    def read(path: str) -> str:
        with contextlib.suppress(Irregular, OSError):
            opened = open_regular(*tree.parent(path))
            try:
                return os.pread(opened, MOST, 0).decode("utf-8", "replace")
            finally:
                os.close(opened)
        return ""

    return read
