"""Units that run a release which no link names: each release has a directory of its own then."""

from __future__ import annotations

import contextlib
import os
from typing import Iterable, Iterator, List, NamedTuple

from ...errors import HostError
from ...state import backup_set, linked
from ...system.command_lines import described, words
from ...system.processes import Process
from .traces import plain


class LiveRelease(NamedTuple):
    """A link, the real path of what it names, and the directories in which releases are."""

    link: str
    live: str
    above: tuple[str, ...]

    def is_other(self, path: str) -> bool:
        """Return whether a path is in another release than the live one."""
        return path.startswith(self.above) and not f"{path}/".startswith(f"{self.live}/")


def live(root: str, state: str) -> List[LiveRelease]:
    """Return the releases that recorded links name now; none where nothing is recorded."""
    found = []
    with contextlib.suppress(HostError):
        for each in linked.of(backup_set.read(state)):
            now = os.path.realpath(os.path.join(root, each.link))
            above = {f"{os.path.dirname(path)}/" for path in (now, each.place)}
            found.append(LiveRelease(each.link, now, tuple(sorted(above))))
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
