"""The files that commands read which migrate a database: the live release's, by their content.

Those of the tools that the database knows are found as its migrations are. With them comes what
else lies in their directories and ends alike, as a way back that is a file of its own; and what
such a tool reads before each migration. Others are named in rollback.toml.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from typing import Dict, Iterator, List, NamedTuple, Sequence, Set, Tuple

from ...backup.owners import compiled
from ...errors import HostError
from ...files.handles import Irregular, open_regular
from ...files.read import sha256
from ...files.tree import Tree
from ...messages.location import Location
from ...messages.rollback.migrations import ReadFile
from ...state import backup_set
from ...state.releases import linked
from .sources import listed, reader
from .tools import MigrationTool

LETTERS = 16
"""Letters of a digest that tell two contents apart."""

MOST = 2000
"""Files of which each is told by itself; more of them are told as one."""

UNREADABLE = "unreadable"


class LiveTree(NamedTuple):
    """A tree of the live release: what comes before its paths, seen from the root; and its files.

    There are none where it has too many.
    """

    prefix: str
    tree: Tree
    paths: Tuple[str, ...]


def read(
    location: Location, tools: Sequence[MigrationTool], patterns: Sequence[str]
) -> Tuple[ReadFile, ...]:
    """Return what commands read, by their paths below the root.

    Args:
        location: where the release lies.
        tools: those whose migrations the commands take back.
        patterns: of paths that rollback.toml names.

    Raises:
        OSError: the tree cannot be read.
    """
    globs = list(map(compiled, patterns))
    found: Dict[str, str] = {}
    with contextlib.ExitStack() as stack:
        for live in trees(stack, location):
            paths = {each for tool in tools for each in of_tool(tool, live)}
            whole = {f"{live.prefix}{each}": each for each in live.paths}
            paths |= {each for full, each in whole.items() if any(g.fullmatch(full) for g in globs)}
            found.update({f"{live.prefix}{each}": content(live.tree, each) for each in paths})
    if len(found) <= MOST:
        return tuple(ReadFile(*each) for each in sorted(found.items()))
    every = json.dumps(sorted(found.items())).encode("utf-8", "surrogateescape")
    return (ReadFile(f"one of {len(found):,} files", hashlib.sha256(every).hexdigest()[:LETTERS]),)


def trees(stack: contextlib.ExitStack, location: Location) -> Iterator[LiveTree]:
    """Yield the trees of the live release: where its links lead, or the root."""
    links: List[str] = []
    with contextlib.suppress(HostError):  # without a record it is the root
        links = [each.link for each in linked.of(backup_set.read(location.state))]
    for each in links:
        with contextlib.suppress(OSError):
            tree = stack.enter_context(Tree(os.path.join(location.root, each)))
            yield LiveTree(f"{each}/", tree, tuple(listed(tree, ())))
    if not links:
        tree = stack.enter_context(Tree(location.root))
        yield LiveTree("", tree, tuple(listed(tree, location.within)))


def of_tool(tool: MigrationTool, live: LiveTree) -> Set[str]:
    """Return the files of a tree that a tool reads."""
    text = reader(live.tree)
    own = [each for each in live.paths if tool.id_of(each)]
    own = [each for each in own if tool.says is None or tool.says.search(text(each))]
    alike = {(os.path.dirname(each), os.path.splitext(each)[1]) for each in own}
    above = {os.path.dirname(place) for place, _ in alike}
    with_them = {os.path.join(place, name) for place in above for name in tool.above}
    return {
        each
        for each in live.paths
        if (os.path.dirname(each), os.path.splitext(each)[1]) in alike
        or each in with_them
        or (own and os.path.basename(each) in tool.anywhere)
    }


def content(tree: Tree, path: str) -> str:
    """Return the beginning of a file's digest."""
    try:
        opened = open_regular(*tree.parent(path))
    except (Irregular, OSError):
        return UNREADABLE
    try:
        return sha256(opened, os.fstat(opened).st_size)[:LETTERS]
    except OSError:
        return UNREADABLE
    finally:
        os.close(opened)
