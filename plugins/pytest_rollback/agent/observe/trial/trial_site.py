"""Where a trial takes place: each tree of the system, live and tried, and what comes back there."""

from __future__ import annotations

import re
from typing import Callable, Iterator, Mapping, NamedTuple, Optional, Sequence, Tuple

from ...configuration.units.definition import TriedTree
from ...configuration.units.sources import Installed
from ...files.metadata import FileEntry


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

    def tree(self, *names: str) -> TriedTree:
        """Return where paths below the live root, or its other names, are read."""
        if self.places:
            return TriedTree(self.places, self.root.rstrip("/"), whole=True)
        return TriedTree(tuple(dict.fromkeys((self.live, *names))), self.root)


Fetch = Callable[[Sequence[FileEntry]], Iterator[Tuple[FileEntry, Optional[bytes]]]]
"""Gives the recorded content of files; None where it is not to be had."""


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
