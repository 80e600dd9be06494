"""Releases in directories of their own, behind a link that a deploy switches: what is recorded.

The record of a backup set has the link itself like any other file. Of the directory that it leads
to a listing is kept beside the record: each file of the previous release, as it was.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import zlib
from typing import Any, Dict, Iterable, List, NamedTuple, Tuple

from ...errors import HostError
from ...files import lookup
from ...files.handles import DIRECTORY, FRESH, Irregular, open_regular
from ...files.metadata import FileEntry
from ...files.tree import Tree
from .. import backup_set
from .. import directory as places
from ..backup_set import BackupSet, checked_entry

PART = "links"
"""Under which name a record has what this strategy remembers."""

FOLDER = "releases"
"""The directory of listings, below the state directory."""

VENV = "pyvenv.cfg"
"""What a virtual environment has at its top."""

DIGEST = re.compile(r"[0-9a-f]{64}")

AGAIN = "the next deploy saves a new one: rollback save, before it switches the link"


class LinkedRelease(NamedTuple):
    """A previous release behind a link.

    `link` is below the root, and `target` where it led, as it was written; `place` is the real path
    of the directory. `listing` is the digest of its listing, of so many `files` and `bytes`;
    `besides` are patterns of files that are in no listing. `dangling` are links in it that led to
    nothing already. `current` is the release to be deployed, by its name.
    """

    link: str
    target: str
    place: str
    listing: str
    files: int
    bytes: int
    besides: Tuple[str, ...]
    dangling: Tuple[str, ...]
    current: str


def text(found: Iterable[LinkedRelease]) -> str:
    """Return the JSON that a record has of linked releases."""
    return json.dumps([each._asdict() for each in found])


def of(record: BackupSet) -> List[LinkedRelease]:
    """Return the linked releases of a record; none where it has none.

    Raises:
        HostError: what it has of them is damaged.
    """
    try:
        return [_read(each) for each in record.parts.get(PART, [])]
    except (KeyError, TypeError, ValueError) as error:
        raise HostError(f"the record of linked releases is damaged: {error}", AGAIN) from error


def _read(found: Dict[str, Any]) -> LinkedRelease:
    known = LinkedRelease(**{name: found[name] for name in LinkedRelease._fields})
    words = (known.link, known.target, known.place, known.listing, known.current)
    if not all(isinstance(each, str) for each in words) or not DIGEST.fullmatch(known.listing):
        raise ValueError(f"{known.link!r} is no linked release")
    return known._replace(besides=tuple(known.besides), dangling=tuple(known.dangling))


class SourceFolder(NamedTuple):
    """A directory of the previous release: below which root it is, and under which path there.

    `digests` are those of its recorded files, by their paths below that root; `is_linked` tells
    whether a recorded link leads to it.
    """

    root: str
    path: str
    digests: Dict[str, str]
    is_linked: bool = False


def source(state: str, record: BackupSet, name: str) -> SourceFolder:
    """Return where a directory of the previous release is.

    Args:
        state: the state directory.
        record: of the backup set.
        name: the path of the directory, below the system's root.

    Raises:
        HostError: the listing that should say so is missing or damaged.
    """
    for each in of(record):
        if name == each.link or name.startswith(f"{each.link}/"):
            rest = name[len(each.link) + 1 :]
            below = f"{rest}/" if rest else ""
            inside = (one for one in listed(state, each) if one.path.startswith(below))
            digests = {one.path: one.sha256 for one in inside if not one.is_directory}
            return SourceFolder(each.place, rest, digests, is_linked=True)
    return SourceFolder(record.root, name, {one.path: one.sha256 for one in record.files})


def gone(record: BackupSet) -> Dict[str, str]:
    """Return the recorded links whose previous release is not there any more, each with a line."""
    return {
        each.link: f"{each.place}, where it is to lead, is no directory any more"
        for each in of(record)
        if lookup.kind(each.place, follow=False) != "directory"
    }


def folders(record: BackupSet) -> List[str]:
    """Return the directories below the root in which there are releases and nothing else.

    What lies in them is compared with listings, and is not looked through for anything else.
    """
    root = os.path.realpath(record.root)
    above = {os.path.relpath(os.path.dirname(each.place), root) for each in of(record)}
    return [path for path in sorted(above) if path != "." and path.split("/")[0] != ".."]


def python_sources(state: str) -> List[str]:
    """Return the Python sources of the recorded releases, below the system's root.

    Libraries in a virtual environment, or of Node, are none of them: imports try what they need.

    Raises:
        HostError: there is no record that can be used.
    """
    found: List[str] = []
    for each in of(backup_set.read(state)):
        paths = [one.path for one in listed(state, each)]
        apart = tuple(path[: -len(VENV)] for path in paths if f"/{path}".endswith(f"/{VENV}"))
        mine = (path for path in paths if path.endswith(".py") and not path.startswith(apart))
        found += [f"{each.link}/{path}" for path in mine if "/node_modules/" not in f"/{path}"]
    return found


def keep(state: str, entries: Iterable[FileEntry], *, dry: bool = False) -> str:
    """Write a listing durably, under its digest, which is returned; `dry` writes nothing.

    Raises:
        HostError: the state directory is unusable, or full.
    """
    lines = "\n".join(json.dumps(list(each)) for each in entries)
    raw = zlib.compress(lines.encode("ascii"), 6)
    digest = hashlib.sha256(raw).hexdigest()
    if dry:
        return digest
    inside = _folder(state)
    try:
        _written(inside, digest, raw)
    except OSError as error:
        raise HostError(
            f"the listing of a release cannot be written to {state}: {error.strerror}",
            f"free space, see 'df {state}' on the host; then run the same command again",
        ) from error
    finally:
        os.close(inside)
    return digest


def _folder(state: str) -> int:
    """Return a descriptor of the directory of listings, made where it is missing."""
    above = places.made(state)
    try:
        with contextlib.suppress(FileExistsError):
            os.mkdir(FOLDER, places.PRIVATE, dir_fd=above)
        return os.open(FOLDER, DIRECTORY, dir_fd=above)
    finally:
        os.close(above)


def _written(inside: int, digest: str, raw: bytes) -> None:
    fresh = f".{digest}.new"
    with contextlib.suppress(FileNotFoundError):
        os.unlink(fresh, dir_fd=inside)
    opened = os.open(fresh, FRESH, 0o600, dir_fd=inside)
    with os.fdopen(opened, "wb") as file:
        file.write(raw)
        file.flush()
        os.fsync(opened)
    os.rename(fresh, digest, src_dir_fd=inside, dst_dir_fd=inside)
    os.fsync(inside)


def listed(state: str, known: LinkedRelease) -> List[FileEntry]:
    """Return the listing of a linked release.

    Raises:
        HostError: it is missing or damaged.
    """
    path = os.path.join(state, FOLDER, known.listing)
    try:
        raw = _raw(state, known.listing)
        if hashlib.sha256(raw).hexdigest() != known.listing:
            raise ValueError("other bytes than recorded")  # noqa: TRY301 - one way out
        rows = zlib.decompress(raw).decode("ascii").split("\n")
        return [checked_entry(FileEntry(*json.loads(row))) for row in rows if row]
    except (OSError, Irregular, ValueError, TypeError, zlib.error) as error:
        said = getattr(error, "strerror", None) or error
        raise HostError(f"the listing {path} cannot be used: {said}", AGAIN) from error


def _raw(state: str, digest: str) -> bytes:
    """Return the bytes of a listing."""
    inside = _folder(state)
    try:
        with os.fdopen(open_regular(inside, digest), "rb") as file:
            return file.read()
    finally:
        os.close(inside)


def forget(state: str, keeps: Iterable[str]) -> None:
    """Remove the listings that no record needs."""
    stay = set(keeps)
    os.close(_folder(state))
    with Tree(os.path.join(state, FOLDER)) as tree:
        for name in os.listdir(tree.directory("")):
            if name not in stay:
                os.unlink(name, dir_fd=tree.root)
