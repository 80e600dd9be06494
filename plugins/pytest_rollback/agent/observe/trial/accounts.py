"""Whose account tries a component: its unit's own, and root's only for what root alone can change.

Whoever can change what is imported runs it. That he may do as himself; as root, or as whoever
operates the tool, he may not. A unit that runs as root from a tree of somebody else makes him root
at each start, and a trial does not do it once more.
"""

from __future__ import annotations

import grp
import os
import shutil
import stat
import time
from typing import Dict, Iterator, Optional, Sequence, Tuple

from ...configuration.units.environment import account_of
from ...configuration.units.surroundings import Surroundings
from ...files import lookup, ownership, reach
from ...files.handles import Irregular
from ...files.tree import Tree
from ...system import tools

PATIENCE = 20.0
"""Seconds for looking through one tree."""


def as_whom(user: str) -> Tuple[str, str, str]:
    """Return the account to become, what is to be said of it, and why nothing can be tried."""
    account = account_of(user) if user else None
    if account is None:
        return (
            "",
            "",
            f"there is no account {user}, and nothing is tried as another" if user else "",
        )
    if account.pw_uid == os.geteuid() or os.geteuid() == 0:
        return account.pw_name, "", ""
    if account.pw_uid == 0:
        return "", "its unit runs as root, and it is tried as another user", ""
    return account.pw_name, "", ""


def numbers(user: str, found: Surroundings) -> Tuple[int, ...]:
    """Return the groups that a unit names, by number, the first one in place of the account's."""
    account = account_of(user) if user else None
    if account is None or not found.groups:
        return ()
    named = {each.gr_name: each.gr_gid for each in grp.getgrall()}
    known = [int(name) if name.isdigit() else named.get(name, -1) for name in found.groups]
    there = tuple(each for each in known if each >= 0)
    return there if found.unit.group else (account.pw_gid, *there)


class Guard:
    """Says of each component whether its code may run as it would; the tree is looked at once."""

    def __init__(self, live: str, places: Sequence[str] = ()) -> None:
        self.live, self.places = live, places or (live,)
        self._tree: Optional[str] = None

    def refusal(self, user: str, interpreter: str, environment: Dict[str, str]) -> str:
        """Return why code is not run as root, or as whoever we are; "" where it may be.

        Args:
            user: the account that would run it, "" for our own.
            interpreter: its command line.
            environment: its variables.
        """
        if not stays(user):
            return ""
        if self._tree is None:
            until = time.monotonic() + PATIENCE
            self._tree = next(filter(None, (exposed(each, until) for each in self.places)), "")
        why = self._tree or self._program(interpreter, environment)
        if not why:
            return ""
        who = "root" if os.geteuid() == 0 else "the account that runs this check"
        return f"it would run as {who}, and {why}: set User= in its unit, or [system] user"

    def _program(self, interpreter: str, environment: Dict[str, str]) -> str:
        """Return which program, or place to import from, somebody else can change."""
        first = tools.argv(interpreter, self.live)[0] if interpreter else ""
        program = shutil.which(first, path=environment.get("PATH")) or first
        places = environment.get("PYTHONPATH", "").split(":")
        for path in filter(os.path.isabs, (program, *places)):
            why = ownership.changed_by(path)
            if why:
                return why
        return ""


def stays(user: str) -> bool:
    """Return whether what is run as `user` runs as root, or as an account that nobody named."""
    account = account_of(user) if user else None
    if account is None:
        return True
    return account.pw_uid == 0


HISTORY = {".git"}
"""What no program is loaded from, and often belongs to whoever deploys."""


def exposed(root: str, until: float) -> str:
    """Return what somebody else can change of a tree and on the way to it, in words; or "".

    At the deadline (of the monotonic clock) it says so: what was not looked at is not known.
    """
    said = ownership.changed_by(root)
    if said or lookup.kind(root) != "directory":
        return said
    return next(_inside(root, until), "")


def _inside(root: str, until: float) -> Iterator[str]:
    """Yield what somebody else can change below a root."""
    with Tree(root) as tree:
        left = [""]
        while left:
            path = left.pop()
            try:
                here = tree.directory(path)
                for name in set(os.listdir(here)) - HISTORY:
                    found = os.stat(name, dir_fd=here, follow_symlinks=False)
                    below = f"{path}/{name}" if path else name
                    whole = os.path.join(root, below)
                    if stat.S_ISLNK(found.st_mode):
                        yield from filter(None, [ownership.changed_by(whole)])
                        continue
                    yield from filter(None, [ownership.told(whole, reach.writers(found))])
                    left += [below] if stat.S_ISDIR(found.st_mode) else []
            except (Irregular, FileNotFoundError):
                yield f"{os.path.join(root, path)} is changed meanwhile"
            if time.monotonic() > until:
                yield f"{root} is too large to be looked through"
