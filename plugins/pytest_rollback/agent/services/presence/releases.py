"""Units that run a release which no link names: each release has a directory of its own then."""

from __future__ import annotations

import contextlib
import os
import re
from typing import Iterable, Iterator, List, NamedTuple

from ...errors import HostError
from ...files import lookup, reach
from ...state import backup_set
from ...state.releases import linked
from ...system.command_lines import described, words
from ...system.processes import Process
from .traces import plain


class LiveRelease(NamedTuple):
    """A link, the real path of what it names, and the directories in which releases are.

    `previous` is the real path of the release that was recorded before the deploy.
    """

    link: str
    live: str
    above: tuple[str, ...]
    previous: str

    def is_other(self, path: str) -> bool:
        """Return whether a path is in another release than the live one."""
        for above in self.above:
            if path.startswith(above):
                place = above + path[len(above) :].split("/", maxsplit=1)[0]
                return place != self.live and self.is_release(place)
        return False

    def is_release(self, place: str) -> bool:
        """Return whether a directory is a release: beside the live one, and made of its names.

        What all releases share may lie beside them as well. A release that is gone is told by
        where it was, if nothing but releases is there.
        """
        if place == self.previous:
            return True
        own, other = _names(self.live), _names(place)
        if not other:
            return os.path.basename(os.path.dirname(place)) in RELEASES
        return len(own & other) * 2 > len(own)


RELEASES = ("releases", "versions", "builds", "revisions")
"""Names of directories in which there is nothing but releases."""


def _names(place: str) -> set[str]:
    """Return the names in a directory; none where it is gone, or not for us."""
    with contextlib.suppress(OSError):
        return set(lookup.names(place))
    return set()


def live(root: str, state: str) -> List[LiveRelease]:
    """Return the releases that recorded links name now; none where nothing is recorded."""
    found = []
    with contextlib.suppress(HostError):
        for each in linked.of(backup_set.read(state)):
            now = os.path.realpath(os.path.join(root, each.link))
            above = {f"{os.path.dirname(path)}/" for path in (now, each.place)}
            found.append(LiveRelease(each.link, now, tuple(sorted(above)), each.place))
    return found


def other(known: Iterable[LiveRelease], processes: Iterable[Process]) -> str:
    """Return which process runs another release than a link names; "" where none does."""
    own = tuple(processes)
    for each in known:
        for one in own:
            with contextlib.suppress(OSError):  # it ended meanwhile, or may not be looked at
                path = next(filter(each.is_other, _used(one.pid)), "")
                if path:
                    return f"{described(one)} has {path}, and {each.link} leads to {each.live}"
    return ""


def named(known: Iterable[LiveRelease], files: Iterable[str]) -> str:
    """Return which file of a unit names the directory of the live release; "" where none does.

    The unit would run that release after a rollback as well.
    """
    bound = {
        each: re.compile(rf"{re.escape(each.live)}(?![\w.-])")
        for each in known
        if each.live != each.previous
    }
    for path in files if bound else ():
        with contextlib.suppress(OSError):
            text = reach.text(path)
            for each, pattern in bound.items():
                if pattern.search(text):
                    return f"{path} names {each.live}, and not the link {each.link}"
    return ""


def _used(pid: int) -> Iterator[str]:
    """Yield the real paths of what a process works in, runs and has loaded."""
    yield plain(os.readlink(f"/proc/{pid}/cwd"))
    yield plain(os.readlink(f"/proc/{pid}/exe"))
    yield from (each for each in words(pid)[:3] if each.startswith("/"))
    with open(f"/proc/{pid}/maps", encoding="utf-8", errors="surrogateescape") as file:
        for line in file:
            fields = line.rstrip("\n").split(None, 5)
            if len(fields) == 6 and fields[5].startswith("/"):  # noqa: PLR2004
                yield plain(fields[5])
