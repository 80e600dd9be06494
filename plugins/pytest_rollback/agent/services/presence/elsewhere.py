"""Units that have nothing of the root: they run another tree, which a rollback does not change."""

from __future__ import annotations

import os
from typing import Iterable, Iterator

from ...files import lookup
from ...system.command_lines import is_of, script_of, words
from ...system.containers import inside
from ...system.processes import Process, environ
from .strangers import HERE
from .traces import owner, places_of, plain, reason


def other_tree(roots: Iterable[str], processes: Iterable[Process], recorded: Iterable[str]) -> str:
    """Return which other tree, with recorded files in it, a unit runs; "" where nothing tells.

    Args:
        roots: where the system lies.
        processes: those of the unit; in a container a path is none of the host.
        recorded: paths of its files, relative to the root, if it is one.
    """
    places, paths = places_of(roots), tuple(recorded)
    own = tuple(one for one in processes if inside.space(one.pid, "mnt") in HERE)
    try:
        if any(_has_of(one, places) for one in own):
            return ""
        return next((place for one in own for place in _trees(one, paths)), "")
    except OSError:  # one ended meanwhile, or may not be looked at
        return ""


def _has_of(one: Process, places: tuple[str, ...]) -> bool:
    """Return whether a process has anything of a root: also a word, a variable, an open file."""
    if reason(one, places, frozenset([owner(one.pid)])):
        return True
    said = [
        *words(one.pid),
        *(environ(one.pid) or {}).values(),
        os.readlink(f"/proc/{one.pid}/cwd"),
    ]
    bare = tuple(place.rstrip("/") for place in places)
    opened = os.listdir(f"/proc/{one.pid}/fd")
    return any(place in each for each in said for place in bare) or any(
        is_of(os.readlink(f"/proc/{one.pid}/fd/{each}"), places) for each in opened
    )


def _trees(one: Process, recorded: tuple[str, ...]) -> Iterator[str]:
    """Yield directories that a process works or runs in, and in which recorded files lie too."""
    here = plain(os.readlink(f"/proc/{one.pid}/cwd"))
    script = script_of(words(one.pid)) or os.readlink(f"/proc/{one.pid}/exe")
    for below in (here, os.path.dirname(os.path.normpath(os.path.join(here, script)))):
        parts = below.split("/")
        for place in ("/".join(parts[:number]) for number in range(len(parts), 1, -1)):
            if any(lookup.kind(os.path.join(place, path)) == "file" for path in recorded):
                yield place
