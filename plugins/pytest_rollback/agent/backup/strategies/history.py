"""What was live before a release: as the deploy tools themselves have written it down.

Capistrano writes `revisions.log`, a line for each release that was deployed or rolled back to, and
Deployer `.dep/releases_log`, a JSON object for each that it has begun; one that failed has a file
of its own in the release. Names and times of directories say nothing of what was live.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
from typing import Callable, Iterator, List, NamedTuple, Optional, Tuple

from ...files import lookup, reach

REVISIONS = re.compile(r"(?:deployed as release|rolled back to release) (\S+)")
"""What a line of Capistrano says of a release that became live."""

FAILED = ("BAD_RELEASE", "DIRTY_RELEASE")
"""Files that Deployer has in a release which failed, or was never finished."""

MOST = 64 << 10
"""Bytes of a log, from its end, in which the last releases are."""


class Before(NamedTuple):
    """The release that was live before: its directory, and the file that says so."""

    place: str
    source: str


def before(link: str, place: str) -> Optional[Before]:
    """Return what was live before the release that a link leads to; None where nothing says so.

    Args:
        link: absolute path of the link.
        place: real path of the release that it leads to.
    """
    above, releases = os.path.dirname(link), os.path.dirname(place)
    for name, read in LOGS:
        path = os.path.join(above, name)
        with contextlib.suppress(OSError, ValueError):
            lived = list(read(_end(path)))
            named = os.path.basename(place)
            if named not in lived:
                continue
            earlier = lived[: len(lived) - 1 - lived[::-1].index(named)]
            for one in reversed(earlier):
                there = os.path.join(releases, one)
                if one != named and _is_whole(there):
                    return Before(there, path)
    return None


def _end(path: str) -> str:
    """Return the end of a log."""
    return reach.text(path)[-MOST:]


def _is_whole(place: str) -> bool:
    """Return whether a directory has a release that was finished."""
    if lookup.kind(place, follow=False) != "directory":
        return False
    return not any(lookup.kind(os.path.join(place, name), follow=False) for name in FAILED)


def capistrano(text: str) -> Iterator[str]:
    """Yield the releases that became live, in order."""
    for line in text.split("\n"):
        found = REVISIONS.search(line)
        if found:
            yield found[1].rstrip(".,;")


def deployer(text: str) -> Iterator[str]:
    """Yield the releases that were begun, in order; those that failed are told by their files."""
    for line in text.split("\n"):
        with contextlib.suppress(ValueError, TypeError, KeyError):
            yield str(json.loads(line)["release_name"])


LOGS: Tuple[Tuple[str, Callable[[str], Iterator[str]]], ...] = (
    ("revisions.log", capistrano),
    (".dep/releases_log", deployer),
)


def order(above: str, name: str) -> Tuple[List[object], float]:
    """Return what deploy tools put releases in order by: the numbers in a name, else its age."""
    numbers: List[object] = [int(each) for each in re.findall(r"\d{1,30}", name)]
    try:
        return numbers, reach.status(os.path.join(above, name), follow=False).st_ctime
    except OSError:
        return numbers, 0.0
