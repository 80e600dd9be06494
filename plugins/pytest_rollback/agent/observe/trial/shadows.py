"""Modules of no release, in the places where a unit's Python looks first.

Nothing of the system imports them, and a library may: with another module of that name, or as one
that it can do without. Whether it does, `child` finds out beside the imports of the component.
"""

from __future__ import annotations

import datetime as dt
import os
import re
from typing import Dict, Iterable, Iterator, Mapping, Sequence, Tuple

from ...files import lookup, reach
from ...messages.location import is_below

MODULE = re.compile(r"([A-Za-z_]\w*)(?:\.py|\.[\w-]+\.so|\.so)")
PACKAGE = re.compile(r"[A-Za-z_]\w*")


def places(
    directory: str, script: str, environment: Mapping[str, str], roots: Sequence[str]
) -> Tuple[str, ...]:
    """Return where below its roots a unit's Python looks before it looks into its libraries.

    It is the directory of a script of theirs; else that in which it is started, where `-m`
    and what loads an application look first. Then come those of PYTHONPATH.

    Args:
        directory: where it starts.
        script: what it is given to run, "" for a module; absolute.
        environment: its variables.
        roots: the trees that are tried.
    """
    own = os.path.dirname(script) if is_below(script, roots) else directory
    more = environment.get("PYTHONPATH", "").split(":")
    found = [own, *(os.path.join(directory, each) for each in more if each)]
    return tuple(
        dict.fromkeys(path for path in map(os.path.normpath, found) if is_below(path, roots))
    )


def fresh(where: Iterable[str], root: str, recorded: Sequence[str], created: str) -> Dict[str, str]:
    """Return the modules of places that came after the backup set, and that it does not know.

    What was there before has been started with already.

    Args:
        where: the places, below the root.
        root: the tree that is tried.
        recorded: the files that the set has, relative to the root.
        created: when it was saved, "" where nothing is known.

    Returns:
        paths, by the name of the module.
    """
    if not created:
        return {}
    since, known = dt.datetime.fromisoformat(created).timestamp(), frozenset(recorded)
    found: Dict[str, str] = {}
    for place in where:
        for name, path in modules(place):
            if os.path.relpath(path, root) not in known and changed(path) > since:
                found.setdefault(name, path)
    return found


def modules(place: str) -> Iterator[Tuple[str, str]]:
    """Yield the modules and packages of a directory: name and file."""
    try:
        entries = lookup.names(place)
    except OSError:
        return
    for entry in entries:
        path = os.path.join(place, entry)
        said = MODULE.fullmatch(entry)
        if said and lookup.kind(path) == "file":
            yield said[1], path
        elif PACKAGE.fullmatch(entry) and lookup.kind(f"{path}/__init__.py") == "file":
            yield entry, os.path.join(path, "__init__.py")


def changed(path: str) -> float:
    """Return when a file came to its place or was written last; 0 when it is gone."""
    try:
        return reach.status(path).st_ctime
    except OSError:
        return 0.0
