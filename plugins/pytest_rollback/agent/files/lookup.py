"""Names in directories that somebody else can change: what they are, where they lead, which match.

What somebody leads us to by a link is told only as far as he may see it himself: it would be told
to him.
"""

from __future__ import annotations

import contextlib
import fnmatch
import itertools
import os
import stat
from typing import Iterator, List, Optional

from . import links, reach
from .handles import DIRECTORY, kind_of

MAGIC = frozenset("*?[")
"""Characters that make a pattern of a name."""


def kind(path: str, *, follow: bool = True) -> str:
    """Return the word for what a path leads to; "" for nothing, and what is not for who led us."""
    try:
        return kind_of(reach.status(path, follow=follow).st_mode)
    except (OSError, ValueError):
        return ""


def target(path: str) -> str:
    """Return where a link leads; raises OSError where there is none."""
    with reach.reach(path, follow=False) as found:
        return os.fsdecode(links.read(found.directory, found.name).target)


@contextlib.contextmanager
def directory(path: str) -> Iterator[int]:
    """Yield a descriptor of a directory, good for names in it; raises what `reach` raises."""
    with reach.reach(path) as found:
        inside = os.open(found.name, reach.HANDLE, dir_fd=found.directory)
        try:
            yield inside
        finally:
            os.close(inside)


def names(path: str, most: Optional[int] = None) -> List[str]:
    """Return the names in a directory, or so many of them, sorted.

    Raises:
        OSError: it is missing, no directory, or a link led to it of somebody who may not list it.
    """
    with reach.reach(path) as found:
        listed = os.open(found.name, DIRECTORY, dir_fd=found.directory)
        try:
            state = os.fstat(listed)
            for uid in found.led:
                if not reach.may(uid, state, listed, stat.S_IROTH):
                    raise reach.refusal(path, found.link, uid)
            with os.scandir(listed) as entries:
                return sorted(each.name for each in itertools.islice(entries, most))
        finally:
            os.close(listed)


def matching(pattern: str) -> List[str]:
    """Return the paths that a pattern matches, sorted, as `glob` does.

    `*`, `?` and `[...]` stand for characters of one name, and not for a dot at its beginning. What
    cannot be listed matches nothing.
    """
    found = ["/" if pattern.startswith("/") else ""]
    for part in filter(None, pattern.split("/")):
        if MAGIC & set(part):
            found = [path for above in found for path in _inside(above, part)]
        else:
            found = [os.path.join(above, part) for above in found]
    return sorted(path for path in found if kind(path, follow=False))


def _inside(above: str, part: str) -> Iterator[str]:
    """Yield what a part of a pattern matches in a directory; nothing where it cannot be listed."""
    with contextlib.suppress(OSError):
        for name in fnmatch.filter(names(above or "."), part):
            if part.startswith(".") or not name.startswith("."):
                yield os.path.join(above, name)
