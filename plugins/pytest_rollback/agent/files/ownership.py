"""Who can change a tree or a program besides root and us: asked before code of it runs as we."""

from __future__ import annotations

import os
import stat
import time
from typing import FrozenSet, Iterator

from . import reach
from .tree import Irregular, Tree


def exposed(root: str, until: float) -> str:
    """Return what somebody else can change of a tree and on the way to it, in words; or "".

    At the deadline (of the monotonic clock) it says so: what was not looked at is not known.
    """
    return changed_by(root) or next(_inside(root, until), "")


def changed_by(path: str) -> str:
    """Return that somebody else can change what a path leads to, in words; "" for nobody."""
    try:
        who = changers(path)
    except FileNotFoundError:
        return ""
    except OSError as error:
        return f"{path} {error.strerror}"
    return told(path, who)


def changers(path: str) -> FrozenSet[int]:
    """Return who besides root and us can change what a path leads to: its content or its name.

    Raises:
        OSError: it is missing, or is not for whoever placed a link to it.
    """
    with reach.reach(path) as found:
        above = os.fstat(found.directory)
        end = os.stat(found.name, dir_fd=found.directory, follow_symlinks=False)
    return found.led | found.movers | reach.renamers(above, end) | reach.writers(end)


def told(path: str, who: FrozenSet[int]) -> str:
    """Return who can change a path, in words; "" for nobody."""
    return f"{path} can be changed by {reach.account(max(who))}" if who else ""


def _inside(root: str, until: float) -> Iterator[str]:
    """Yield what somebody else can change below a root."""
    with Tree(root) as tree:
        left = [""]
        while left:
            path = left.pop()
            try:
                here = tree.directory(path)
                for name in os.listdir(here):
                    found = os.stat(name, dir_fd=here, follow_symlinks=False)
                    below = f"{path}/{name}" if path else name
                    whole = os.path.join(root, below)
                    if stat.S_ISLNK(found.st_mode):
                        yield from filter(None, [changed_by(whole)])
                        continue
                    yield from filter(None, [told(whole, reach.writers(found))])
                    left += [below] if stat.S_ISDIR(found.st_mode) else []
            except (Irregular, FileNotFoundError):
                yield f"{os.path.join(root, path)} is changed meanwhile"
            if time.monotonic() > until:
                yield f"{root} is too large to be looked through"
