"""Is every saved copy there, whole, and unaltered since it was recorded? One pass over all."""

from __future__ import annotations

import contextlib
import os
import pwd
from typing import TYPE_CHECKING, Any, Container, Iterator, Optional

from ..errors import HostError
from ..files.parallel import read_ahead
from ..files.state import ABSENT, FilePair, pair
from ..files.tree import Tree
from ..state import backup_set
from ..state.directory import OTHERS, Absent
from .owners import SHARED, Owners

if TYPE_CHECKING:
    from ..state.backup_set import BackupSet, FileEntry


def look(question: dict[str, Any]) -> dict[str, Any]:
    """Answer `backups.look`: the record, the copies of every component with faults, strays.

    Of missing, irregular, empty, altered and identical a copy has the first that holds; exposed
    and ownership come on top of it. `compared` says whether there was a release diff to hold
    against the record; without one, `undeclared` is empty and says nothing. `tightened` are files
    among the question's `secrets` that come back for their owner alone, and were not recorded so.
    """
    known, heading = _heading(question)
    files = known.files if known else ()
    suffix = question["suffix"]
    with Tree(question["root"]) as tree:
        with read_ahead(question["root"], [saved.path + suffix for saved in files]):
            components = _components(question, tree, files)
        stray = strays(tree.root, suffix, {saved.path + suffix for saved in files})
    undeclared, compared = _undeclared(question, known, heading["problems"])
    return {
        "record": heading,
        "components": components,
        "strays": stray,
        "undeclared": undeclared,
        "compared": compared,
    }


def heading(question: dict[str, Any]) -> dict[str, Any]:
    """Answer `backups.heading`: what the record says of itself; no saved copy is read."""
    return _heading(question)[1]


def _heading(question: dict[str, Any]) -> tuple[Optional[BackupSet], dict[str, Any]]:
    """Return the record, when it can be used, and what the answer says about it."""
    try:
        known = backup_set.read(question["state"])
    except HostError as error:
        said = f"{error.message} ({error.hint})"
        return None, {**_EMPTY, "found": not isinstance(error, Absent), "problems": [said]}
    problems = [
        f"it was made for the {key} {found}, not {question[key]}"
        for key, found in (("root", known.root), ("suffix", known.suffix))
        if found != question[key]
    ]
    heading = {
        "found": True,
        "problems": problems,
        "previous": known.previous._asdict(),
        "current": known.current._asdict(),
        "created": known.created,
        "sha256": known.sha256,
        "files": len(known.files),
        "bytes": sum(saved.size for saved in known.files),
        "added": list(known.added),
    }
    return known, heading


SHARED_READ = 0o044
"""The mode bits that let others than the owner read."""

_EMPTY = {
    "previous": {},
    "current": {},
    "created": "",
    "sha256": "",
    "files": 0,
    "bytes": 0,
    "added": [],
}


def _components(
    question: dict[str, Any], tree: Tree, files: tuple[FileEntry, ...]
) -> dict[str, dict[str, Any]]:
    """Return per component, and for what they share, how many copies there are and their faults."""
    owners, secrets = Owners(question["components"]), frozenset(question.get("secrets", ()))
    names = [each["name"] for each in question["components"]] + [SHARED]
    found: dict[str, dict[str, Any]] = {
        name: {"count": 0, "bytes": 0, "faults": [], "tightened": []} for name in names
    }
    service = _uid(question.get("user"))
    for saved in files:
        entry = found[owners.of(saved.path)]
        entry["count"] += 1
        entry["bytes"] += saved.size
        entry["tightened"] += tightened(saved, secrets, service)
        entry["faults"] += [
            {"path": saved.path, "fault": fault, "detail": detail}
            for fault, detail in faults(
                saved, pair(tree, saved.path, question["suffix"], saved.size)
            )
        ]
    return found


def _uid(user: Optional[str]) -> Optional[int]:
    """Return the id of the account that the units run as, None where nothing is known of it."""
    with contextlib.suppress(KeyError):
        return pwd.getpwnam(user).pw_uid if user else None
    return None


def tightened(
    saved: FileEntry, secrets: frozenset[str], service: Optional[int]
) -> Iterator[dict[str, Any]]:
    """Yield what a restore takes from the mode of a secret file, and whether the service needs it.

    `lost` says that the service's account could read the file, and cannot any more.
    """
    capped = backup_set.capped(saved, secrets)
    if capped.mode == saved.mode:
        return
    words = f"recorded {saved.mode:04o}, restored {capped.mode:04o}"
    lost = service not in {None, 0, saved.uid} and bool(saved.mode & SHARED_READ)
    yield {"path": saved.path, "detail": words, "lost": lost}


def faults(saved: FileEntry, found: FilePair) -> Iterator[tuple[str, str]]:
    """Yield each fault of a saved copy, with its detail."""
    copy = found.copy
    first = _first(saved, found)
    if first:
        yield first
    if not copy.is_file:
        return
    if copy.mode & OTHERS:
        yield "exposed", f"mode {copy.mode:04o} lets others write it"
    if not copy.has_owner(saved):
        kept = f"{saved.uid}:{saved.gid} {saved.mode:04o}"
        yield "ownership", f"is {copy.uid}:{copy.gid} {copy.mode:04o}, recorded as {kept}"


def _first(saved: FileEntry, found: FilePair) -> Optional[tuple[str, str]]:
    """Return the one fault of content that comes first, or None for a copy to rely on."""
    copy = found.copy
    same = found.live.has_content(saved)
    if copy.has_content(saved) and copy.links == 1 and not same:
        return None  # nearly all of them: no words need to be made
    checks = (
        (copy.kind == ABSENT, "missing", "there is no saved copy"),
        (copy.kind == "error", "altered", copy.detail),
        (not copy.is_file, "irregular", copy.detail or f"is a {copy.kind}"),
        (copy.links > 1, "irregular", f"has {copy.links} names (hard links)"),
        (copy.size == 0 < saved.size, "empty", f"0 bytes, recorded {saved.size}"),
        (copy.size != saved.size, "altered", f"{copy.size} bytes, recorded {saved.size}"),
        (copy.sha256 != saved.sha256, "altered", "same size as recorded, other sha256"),
        (same, "identical", "the live file holds the same bytes"),
    )
    return next(((fault, detail) for holds, fault, detail in checks if holds), None)


def _undeclared(
    question: dict[str, Any], known: Optional[BackupSet], problems: list[str]
) -> tuple[list[str], bool]:
    """Return which paths of the release diff the record lacks, and whether there was a diff."""
    repository = (question.get("git") or {}).get("repository")
    if not known or not repository or not (known.previous.commit and known.current.commit):
        return [], False
    from . import git  # noqa: PLC0415 - only some systems are deployed from a repository

    try:
        diff = git.changed(
            {
                "repository": repository,
                "previous": known.previous.commit,
                "current": known.current.commit,
            }
        )
    except HostError as error:
        problems.append(f"the release diff cannot be read: {error.message} ({error.hint})")
        return [], False
    declared = {saved.path for saved in known.files}.union(known.added)
    missing = {*diff["changed"], *diff["added"], *diff["removed"]} - declared
    return sorted(path for path in missing if _deployed(question["root"], repository, path)), True


def _deployed(root: str, repository: str, path: str) -> bool:
    """Return whether a path of the repository is part of the system: tests and docs may not be."""
    if os.path.realpath(root) == os.path.realpath(repository):
        return True
    return os.path.lexists(f"{root}/{path}")


SKIPPED = {".git"}


def strays(root: int, suffix: str, known: Container[str]) -> list[str]:
    """Return the paths below the root that end in the suffix and are not known, sorted.

    Repositories and other file systems are left out: a branch may be called `main.backup`, and
    what is mounted is not part of the release.
    """
    device = os.fstat(root).st_dev
    found = []
    for here, directories, files, opened in os.fwalk(".", dir_fd=root):
        if os.fstat(opened).st_dev != device:
            directories.clear()
            continue
        directories[:] = [name for name in directories if name not in SKIPPED]
        found += [
            os.path.normpath(f"{here}/{name}")
            for name in files + directories
            if name.endswith(suffix)
        ]
    return sorted(path for path in found if path not in known)
