"""Is a file the recorded one? The one place where that is decided, for every suite and every step.

The same are two files with the same content, owner, group, mode, extended attributes (among them
ACLs, capabilities and labels) and protection by `chattr`. A time of change alone makes no file
another: whoever writes the same bytes again sets it. A restore sets it as recorded; `touched` names
the files where it differs.
"""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Dict, Iterator

from .metadata import ACL, FILE, FOLDER, LINK, PROTECTED, FileEntry, flag_words
from .state import ABSENT, EMPTY, FileState

NAMES = {
    ACL: "access control list",
    "security.capability": "capabilities",
    "security.selinux": "SELinux label",
}
"""What people call some of the attributes."""

HOW = {"lost": "", "has": ", recorded without", "other": " than recorded"}
"""How an attribute may differ, and what follows its name."""

Attributes = Dict[str, bytes]

KINDS = {FILE, LINK, FOLDER}
DIGEST = re.compile(r"[0-9a-f]{64}")


def same(saved: FileEntry, side: FileState) -> bool:
    """Return whether a file is the recorded one in everything but its time of change."""
    return is_version(saved, side) and side.flags == saved.flags


def is_version(saved: FileEntry, side: FileState) -> bool:
    """Return the same, whether `chattr` protects it or not, which a restore does at the end."""
    return (
        side.has_content(saved)
        and (side.uid, side.gid, side.mode) == (saved.uid, saved.gid, saved.mode)
        and side.xattrs == decoded(saved)
    )


def touched(saved: FileEntry, side: FileState) -> bool:
    """Return whether a file has another time of change than the recorded one.

    That of a directory is set by whatever comes and goes in it.
    """
    return not saved.is_directory and side.mtime_ns != saved.mtime_ns


def version(side: FileState) -> str:
    """Return the digest of all that makes a file what it is, in hexadecimal; "" of none."""
    if side.kind == ABSENT:
        return ""
    parts = (side.kind, side.sha256, side.mode, side.uid, side.gid, sorted(side.xattrs.items()))
    return hashlib.sha256(ascii(parts).encode("ascii")).hexdigest()


def difference(saved: FileEntry, live: FileState) -> str:
    """Return how a live file is not as recorded, "" when it is."""
    return "; ".join(_differences(saved, live))


def _differences(saved: FileEntry, live: FileState) -> Iterator[str]:
    if live.kind == ABSENT:
        yield "is missing"
    elif not live.is_kind(saved):
        yield live.detail or f"is a {live.kind}"
    elif saved.is_link and not live.has_content(saved):
        yield "leads elsewhere than in the previous release"
    elif not live.has_content(saved):
        size = f" ({live.size} bytes, not {saved.size})" if live.size != saved.size else ""
        yield f"differs from the previous release{size}"
    else:
        yield from dress(saved, live)


def dress(saved: FileEntry, side: FileState) -> Iterator[str]:
    """Yield how owner, mode, attributes and flags of a file are not those that are recorded."""
    if (side.uid, side.gid, side.mode) != (saved.uid, saved.gid, saved.mode):
        kept = f"{saved.uid}:{saved.gid} {saved.mode:04o}"
        yield f"is {side.uid}:{side.gid} {side.mode:04o}, recorded as {kept}"
    recorded = decoded(saved)
    for name in sorted({*recorded, *side.xattrs}):
        if recorded.get(name) != side.xattrs.get(name):
            how = "lost" if name not in side.xattrs else "has" if name not in recorded else "other"
            yield f"{how} {NAMES.get(name, f'attribute {name}')}{HOW[how]}"
    if side.flags != saved.flags:
        yield f"is {flag_words(side.flags)}, recorded as {flag_words(saved.flags)}"


def decoded(saved: FileEntry) -> Attributes:
    """Return the recorded attributes."""
    return {name: base64.b64decode(value) for name, value in saved.xattrs.items()}


def checked_entry(saved: FileEntry) -> FileEntry:
    """Return an entry that a file, a link or a directory can have.

    Raises:
        ValueError, TypeError: it is none.
    """
    if not isinstance(saved, FileEntry) or DIGEST.fullmatch(saved.sha256) is None:
        raise ValueError(f"{saved!r} is not the entry of a file")
    if not all(type(number) is int for number in saved[2:7]) or saved.mode & ~0o7777:
        raise ValueError(f"{saved.path!r} has an invalid number")
    if saved.kind not in KINDS:
        raise ValueError(f"{saved.path!r} is of no known kind")
    if type(saved.flags) is not int or saved.flags & ~PROTECTED:
        raise ValueError(f"{saved.path!r} has invalid flags")
    if not isinstance(saved.xattrs, dict):
        raise TypeError(f"{saved.path!r} has invalid attributes")
    if saved.is_link and (saved.flags or saved.xattrs):
        raise ValueError(f"{saved.path!r} is a link, which has no attributes")
    if saved.is_directory and (saved.flags or not saved.holds(0, EMPTY)):
        raise ValueError(f"{saved.path!r} is a directory, which has no bytes")
    return saved
