"""What a deploy asks to have saved: every contradiction in it is found at once."""

from __future__ import annotations

import os
from typing import Iterable

from ..errors import HostError
from ..files import lookup
from ..files.tree import NAME_MAX, fault, folded
from ..messages.backup.save import SaveRequest
from ..messages.location import Location, is_below

CALL = "see 'rollback save --help'"


def checked(request: SaveRequest) -> SaveRequest:
    """Return the request with its paths in the order in which directories are walked.

    Raises:
        HostError: it contradicts itself; lists every fault.
    """
    faults = _missing(request) or _contradictions(request)
    if faults:
        raise HostError("; ".join(faults), CALL)
    return request._replace(files=_ordered(request.files), added=_ordered(request.added))


def _missing(request: SaveRequest) -> list[str]:
    """Return which texts are empty that must not be."""
    location = request.location
    texts = {
        "root": location.root,
        "state": location.state,
        "suffix": location.suffix,
        "system": request.system,
        "the name of previous": request.previous.name,
        "the name of current": request.current.name,
    }
    return [f"{key} is missing" for key, text in texts.items() if not text]


def _contradictions(request: SaveRequest) -> list[str]:
    """Return what is wrong with parts of a request, or between them."""
    location = request.location
    faults = [
        f"{key} is not absolute: {path}"
        for key, path in (("root", location.root), ("state", location.state))
        if not path.startswith("/")
    ]
    if not location.suffix.startswith(".") or "/" in location.suffix:
        faults.append(f"the suffix {location.suffix!r} does not start with '.', or holds '/'")
    if request.previous.name == request.current.name:
        faults.append(f"previous and current are the same release: {request.current.name}")
    return faults


def _ordered(paths: Iterable[str]) -> tuple[str, ...]:
    """Return paths directory by directory, so that each directory is walked to once."""
    return tuple(sorted(paths, key=os.path.split))


def path_faults(request: SaveRequest) -> list[str]:
    """Return what is wrong with the named paths: each alone, and with each other."""
    faults: list[str] = []
    seen: dict[str, str] = {}
    within = request.location.within
    if not request.files + request.added and not request.parts:
        faults.append("no changed and no added file is listed")
    for path in request.files + request.added:
        why = _fault(path, "" if request.keep else request.location.suffix)
        if not why and within and not is_below(path, within):
            why = f"is outside of the roots {', '.join(request.location.places)}"
        if why:
            faults.append(f"{path!r} {why}")
        elif folded(path) in seen:
            faults.append(f"{path!r} is listed twice, also as {seen[folded(path)]!r}")
        seen.setdefault(folded(path), path)
    return faults


def root_faults(location: Location) -> list[str]:
    """Return which of several roots a link leads to: nothing below one is opened through a link.

    One that is missing may come with the deploy.
    """
    found = []
    for place in location.places if location.within else ():
        real = os.path.realpath(place)
        if real != place:
            found.append(f"the root {place} leads over a link to {real}: name that in roots")
        elif lookup.kind(place) not in ("directory", "file", ""):
            found.append(f"the root {place} is a {lookup.kind(place)}")
    return found


def _fault(path: str, suffix: str) -> str:
    why = fault(path)
    if why:
        return why
    name = path.rpartition("/")[2]
    if suffix and name.endswith(suffix):
        return f"is itself a backup: it ends in {suffix}"
    if len(os.fsencode(name + suffix)) > NAME_MAX:
        return f"is too long for the suffix {suffix}"
    return ""
