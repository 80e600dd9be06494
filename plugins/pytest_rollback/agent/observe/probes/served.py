"""Whether the edge serves the restored system: its release, and not the failed one's files.

An answer tells its release by keys such as `version`. It is compared with that of the component
which answers alike; of a component that answers otherwise it says nothing. A file is compared
with those that the rollback took away.
"""

from __future__ import annotations

import json
import os
import re
from typing import Dict, Iterator, Mapping, NamedTuple, Optional, Tuple
from urllib.parse import urlsplit

from ...files import reach
from ...messages.location import Location
from ...messages.probes.sample import ProbeSpec
from ...messages.probes.served import Served, ServedRequest
from ...state.evidence import FOLDER
from .client import ProbeAnswer
from .http import Http

RELEASE = re.compile(
    r"(?:app|application|api|server|service|build|git|release|deploy|image)?[ _.-]?"
    r"(?:version|release|revision|commit|sha|build|tag)[ _.-]?(?:id|number|hash|sha|tag|name)?",
    re.IGNORECASE,
)
NAMES = re.compile(r"(?:app|application|service|component|name|system)", re.IGNORECASE)
LONGEST = 40
"""Letters of a value that are shown."""

Fields = Dict[str, str]
"""The plain values of a JSON document, by their path in it."""


class ReleaseMarks(NamedTuple):
    """What an answer says of itself: who answers, of which release, and the paths of all it has."""

    release: Fields
    names: Fields
    paths: Tuple[str, ...]


def look(request: ServedRequest) -> Served:
    """Return what the edge serves that is not of the restored system."""
    said = {name: told(body_of(probe)) for name, probe in request.direct.items()}
    findings: Dict[str, None] = {}
    compared: Dict[str, None] = {}
    for probe in request.edge:
        body = body_of(probe)
        mine = told(body)
        alike = {name: each for name, each in said.items() if mine and each and twins(mine, each)}
        compared.update(dict.fromkeys(alike))
        if mine and alike and all(differs(mine, each) for each in alike.values()):
            findings.update((line, None) for line in differences(mine, alike))
        failed = file_of(request.location, urlsplit(probe.url or "").path, body)
        if failed:
            findings[f"its answer is {failed}, which the rollback took away"] = None
    return Served(tuple(findings), tuple(compared))


def body_of(probe: ProbeSpec) -> bytes:
    """Return what a probe is answered, nothing where that is no answer as it should be."""
    client = Http(probe)
    try:
        answer: ProbeAnswer = client.ask()
    finally:
        client.close()
    if answer.problem is not None or answer.status is None:
        return b""
    return answer.body.encode("utf-8", "replace")


def told(body: bytes) -> Optional[ReleaseMarks]:
    """Return what a JSON document says of the release that answers, None where it says nothing."""
    try:
        found = dict(plain(json.loads(body.decode("utf-8", "replace")), ""))
    except (ValueError, RecursionError):
        return None
    last = {path: path.rpartition("/")[2] for path in found}
    release = {path: value for path, value in found.items() if RELEASE.fullmatch(last[path])}
    names = {path: value for path, value in found.items() if NAMES.fullmatch(last[path])}
    return ReleaseMarks(release, names, tuple(sorted(found))) if release else None


def plain(value: object, path: str) -> Iterator[Tuple[str, str]]:
    """Yield the texts and numbers of a JSON document, with their paths."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from plain(inner, f"{path}/{key}")
    elif isinstance(value, (str, int, float)) and not isinstance(value, bool):
        yield path, str(value)


def twins(one: ReleaseMarks, other: ReleaseMarks) -> bool:
    """Return whether two answers are of one component, whichever release that has.

    They name it alike; where neither names it, they have the same keys.
    """
    if one.names or other.names:
        return one.names == other.names
    return one.paths == other.paths


def differs(one: ReleaseMarks, other: ReleaseMarks) -> bool:
    """Return whether two answers are of other releases."""
    return any(other.release.get(path, value) != value for path, value in one.release.items())


def differences(mine: ReleaseMarks, alike: Mapping[str, ReleaseMarks]) -> Iterator[str]:
    """Yield how the release that the edge serves differs from the components' own."""
    for name, each in alike.items():
        for path, value in mine.release.items():
            own = each.release.get(path, value)
            if own != value:
                key, here, there = path.lstrip("/"), value[:LONGEST], own[:LONGEST]
                yield f"{key} is {here!r} at the edge, {there!r} of {name} itself"


def file_of(location: Location, path: str, body: bytes) -> str:
    """Return the file that was taken away, and is what the edge answers; "" where none is.

    Its name is the last part of the URL. One whose content the live root has as well is none.
    """
    name = os.path.basename(path)
    if not (name and body):
        return ""
    for place in taken_away(location.state):
        for directory, _, files in os.walk(place):
            full = os.path.join(directory, name)
            if name not in files or not holds(full, body):
                continue
            inside = os.path.relpath(full, place)
            if not holds(os.path.join(location.root, inside), body):
                return inside
    return ""


def taken_away(state: str) -> Iterator[str]:
    """Yield where the evidence of each run has the files of failed and of added ones."""
    for directory, folders, _ in os.walk(state):
        if os.path.basename(directory) == FOLDER:
            yield from (os.path.join(directory, each) for each in sorted(folders))
            folders.clear()


def holds(path: str, body: bytes) -> bool:
    """Return whether a file has exactly this content."""
    try:
        with reach.file(path, follow=False) as file:
            size = os.fstat(file.fileno()).st_size
            return size == len(body) and file.read(size + 1) == body
    except OSError:
        return False
