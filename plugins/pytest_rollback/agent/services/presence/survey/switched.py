"""Links that a deploy switches: a unit goes by one to the release that is live."""

from __future__ import annotations

import os
import re
from typing import Dict, Iterable, Iterator, Tuple

from ....files import lookup, reach
from ....messages.services.survey import SwitchedLink

LIVE = frozenset(("current", "latest", "live", "release", "active", "stable", "now"))
"""Names that deploy tools give to such a link."""

RELEASES = frozenset(("releases", "versions", "builds", "deploys", "deployments", "revisions"))
"""Names of directories in which releases lie side by side."""

HISTORY = (".dep", "revisions.log")
"""What deploy tools leave beside the link: Deployer, and Capistrano."""


VENV = "pyvenv.cfg"
"""What the directory of a virtual environment has."""

INTERPRETED = re.compile(r"^#! ?(/\S+/(?:python|pypy)[\d.]*)")
MOST, LARGEST = 400, 1 << 16
"""Names that are looked at, and bytes of a script."""


def links(places: Iterable[str]) -> Iterator[SwitchedLink]:
    """Yield the links on the way to some directories that name one of several releases."""
    seen: Dict[str, None] = {}
    for place in places:
        parts = place.split("/")
        seen.update(("/".join(parts[:end]), None) for end in range(2, len(parts) + 1))
    for path in seen:
        if lookup.kind(path, follow=False) == "symlink" and lookup.kind(path) == "directory":
            found = _switched(path)
            if found:
                yield found


def _switched(path: str) -> SwitchedLink | None:
    """Return a link that a deploy tool switches, by its name or what lies around it."""
    target, real = lookup.target(path), os.path.realpath(path)
    above = os.path.dirname(real)
    why = ""
    if os.path.basename(path) in LIVE:
        why = f"{path} -> {target}"
    elif os.path.basename(above) in RELEASES:
        why = f"{path} -> {target}, in {above}"
    history = next((each for each in HISTORY if _is_beside(path, each)), "")
    why = why or (f"{path} -> {target}, beside {history}" if history else "")
    if not why:
        return None
    try:
        names = lookup.names(above)
    except OSError:
        names = []
    environment = _environment(real)
    kinds = (lookup.kind(os.path.join(above, name), follow=False) for name in names)
    number = sum(kind == "directory" for kind in kinds)
    astray = _astray(path, real, environment) if environment else ""
    return SwitchedLink(path, real, number, why, environment, astray)


def _environment(place: str) -> str:
    """Return where in a release its virtual environment is, "." for all of it, "" for none."""
    try:
        inside = lookup.names(place, MOST)
    except OSError:
        return ""
    found = (os.path.join(place, name, VENV) for name in (".", *inside))
    first = next((path for path in found if lookup.kind(path, follow=False) == "file"), "")
    return os.path.relpath(os.path.dirname(first), place) if first else ""


def _astray(link: str, place: str, environment: str) -> str:
    """Return why scripts of an environment run another one than they lie in, "" where they do not.

    Each begins with the path of its interpreter, as that was when the environment was made.
    """
    programs = os.path.normpath(os.path.join(place, environment, "bin"))
    for script, interpreter in _scripts(programs):
        if interpreter.startswith(f"{link}/"):
            return f"{script} begins with {interpreter}: it runs whichever release is live"
        if os.path.realpath(os.path.dirname(interpreter)) != os.path.realpath(programs):
            return f"{script} begins with {interpreter}: it is of another place"
    return ""


def _scripts(programs: str) -> Iterator[Tuple[str, str]]:
    """Yield scripts in a directory that name a Python, but for the host's own, with its path."""
    try:
        inside = lookup.names(programs, MOST)
    except OSError:
        return
    for name in inside:
        path = os.path.join(programs, name)
        try:
            if lookup.kind(path, follow=False) != "file" or reach.status(path).st_size > LARGEST:
                continue
            first = reach.text(path).partition("\n")[0]
        except (OSError, ValueError):
            continue
        found = INTERPRETED.match(first)
        if found and not found[1].startswith(("/usr/", "/bin/")):
            yield path, found[1]


def _is_beside(path: str, name: str) -> bool:
    return bool(lookup.kind(os.path.join(os.path.dirname(path), name), follow=False))
