"""What a rollback has left to do below the root: files, backups and added files, by owner."""

from __future__ import annotations

from typing import Dict, List

from ..files import state
from ..files.comparison import difference, touched
from ..files.parallel import read_ahead
from ..files.state import ABSENT, FileState
from ..files.tree import Tree
from ..messages.backup.leftovers import Leftovers, LeftoversRequest, OwnerLeftovers
from ..messages.location import Selection
from ..state import backup_set
from ..state.backup_set import FileEntry
from ..state.releases import copies, linked
from . import additions
from .owners import SHARED, Owners
from .selection import orphans

UNREAD = -1
"""No file has this size: none is read."""


def look(request: LeftoversRequest) -> Leftovers:
    """Return for each owner how many files are recorded and what is left of the deploy.

    Raises:
        HostError: there is no record, or it cannot be trusted.
    """
    root, state_directory, suffix, *_ = request.location
    known, groups = backup_set.read(state_directory), _Groups(request.selection)
    secrets = frozenset(request.selection.secrets)
    where = copies.of(request.location, known)
    with Tree(root) as tree:
        with read_ahead(root, [saved.path for saved in known.files]):
            for saved in known.files:
                group = groups.of(saved.path)
                if group is not None:
                    live = state.live(tree, saved.path, saved.size)
                    left = not where.are_apart and is_left(tree, saved.path + suffix)
                    group.judge(backup_set.capped(saved, secrets), live, has_backup=left)
        for path in additions.apart(known):
            group = groups.of(path)
            if group is not None:
                there = is_left(tree, path)
                group.added += 1
                group.left += [path] if there else []
        ours = set(where.beside(saved.path for saved in known.files))
        stray = orphans(tree, request.location, ours, linked.folders(known))
    return groups.answer(stray)


def is_left(tree: Tree, path: str) -> bool:
    """Return whether there is anything at a path below the root."""
    return state.live(tree, path, UNREAD).kind != ABSENT


class _Group:
    """What was found so far of one owner's files."""

    def __init__(self) -> None:
        self.files = self.added = 0
        self.differ: Dict[str, str] = {}
        self.copies: List[str] = []
        self.left: List[str] = []
        self.touched: List[str] = []
        self.unread: List[str] = []

    def judge(self, saved: FileEntry, live: FileState, *, has_backup: bool) -> None:
        """Note what one recorded file is now, and whether its backup is left below the root."""
        self.files += 1
        if has_backup:
            self.copies.append(saved.path)
        wrong = difference(saved, live)
        if live.kind == "error":
            self.unread.append(f"{saved.path}: {wrong}")
        elif wrong:
            self.differ[saved.path] = wrong
        elif touched(saved, live):
            self.touched.append(saved.path)

    def answer(self) -> OwnerLeftovers:
        """Return all of it."""
        return OwnerLeftovers(
            self.files,
            self.differ,
            tuple(self.copies),
            self.added,
            tuple(self.left),
            tuple(self.touched),
            tuple(self.unread),
        )


class _Groups:
    """What was found so far, by owner, configuration aside."""

    def __init__(self, selection: Selection) -> None:
        names = [each.name for each in selection.components] + [SHARED]
        self.only = selection.only or tuple(names)
        self.owners = {name: _Group() for name in names if name in self.only}
        self.configuration = _Group()
        self._names = Owners(selection.components)
        self._files = selection.configuration

    def of(self, path: str) -> _Group | None:
        """Return where a file belongs; None for one that is not looked at."""
        owner = self._names.of(path)
        if owner not in self.only:
            return None
        second = any(path == place or path.startswith(f"{place}/") for place in self._files)
        return self.configuration if second else self.owners[owner]

    def answer(self, stray: List[str]) -> Leftovers:
        """Return all of it."""
        owners = {name: group.answer() for name, group in self.owners.items()}
        return Leftovers(owners, self.configuration.answer(), tuple(stray))
