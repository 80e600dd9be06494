"""Where a trial takes place: each tree of the system, live and tried, and what comes back there."""

from __future__ import annotations

import os
import re
import shlex
from typing import Callable, Iterator, Mapping, NamedTuple, Optional, Sequence, Tuple

from ...configuration.units.definition import TriedTree
from ...configuration.units.sources import Installed
from ...files import lookup
from ...files.metadata import FileEntry
from ...messages.location import is_below
from ...system import tools


class TrialSite(NamedTuple):
    """Where a trial takes place: the staged root, the live one, and what differs between them.

    `places` are what the live root is limited to, absolute; empty for all of it.
    """

    root: str
    live: str
    touched: Tuple[str, ...]
    user: str
    until: float
    places: Tuple[str, ...] = ()

    @property
    def trees(self) -> Tuple[Tuple[str, str], ...]:
        """Each place in which the system lies, and where it is that is tried."""
        if not self.places:
            return ((self.live, self.root),)
        return tuple((each, self.root.rstrip("/") + each) for each in self.places)

    @property
    def lives(self) -> Tuple[str, ...]:
        """Where the live trees are."""
        return self.places or (self.live,)

    @property
    def tried(self) -> Tuple[str, ...]:
        """Where the trees are that are tried."""
        return tuple(tried for _, tried in self.trees)

    def moved(self, text: str) -> str:
        """Return a text whose paths below the live root lead into the staged one."""
        trees = dict(self.trees)
        names = "|".join(map(re.escape, trees))
        return re.sub(rf"(?<![\w.-])({names})(?![\w.-])", lambda found: trees[found[0]], text)

    def program(self, command: str) -> str:
        """Return a command line whose program is that of the release that is tried.

        Behind a link that a rollback switches, such as `current/venv/bin/python`, the live one is
        another program, and finds another release's packages. The way to its last name is gone, and
        no further: a Python of an environment is itself a link, and knows that one by its own name.
        """
        first, *rest = tools.argv(command, self.live) or [command]
        there, here = _way(self.moved(first)), _way(first)
        if there == here or is_below(there, self.tried) or not lookup.kind(there):
            return command
        return shlex.join([there, *rest])

    def tree(self, *names: str) -> TriedTree:
        """Return where paths below the live root, or its other names, are read."""
        if self.places:
            return TriedTree(self.places, self.root.rstrip("/"), whole=True)
        return TriedTree(tuple(dict.fromkeys((self.live, *names))), self.root)


Fetch = Callable[[Sequence[FileEntry]], Iterator[Tuple[FileEntry, Optional[bytes]]]]
"""Gives the recorded content of files; None where it is not to be had."""


def _way(path: str) -> str:
    """Return a path without links on the way to its last name."""
    above, name = os.path.split(path)
    return os.path.join(os.path.realpath(above), name) if above else path


class ReleaseToCome(NamedTuple):
    """Files of a release that no backup set has, by paths below the root.

    `entries` are those that are not live as they will be, `gone` live ones that it has not, and
    `units` unit files that come with it. `fetch` gives the content of what has no usable backup,
    None where nothing does.
    """

    entries: Mapping[str, FileEntry] = {}
    gone: Tuple[str, ...] = ()
    units: Installed = Installed()
    fetch: Optional[Fetch] = None
