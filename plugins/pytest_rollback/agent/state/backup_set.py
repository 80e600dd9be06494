"""The record of a backup set: what each saved file was, and what the deploy adds.

It is kept in the state directory as `backups.json`, which the service user cannot write: the
backups beside the live files are hostile input until their digests equal this record.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import os
import re
import stat
from typing import Any, BinaryIO, NamedTuple

from ..errors import HostError
from ..files import comparison, metadata
from ..files.handles import Irregular, open_regular
from ..files.read import sha256
from ..files.tree import fault
from ..messages.location import Release
from . import directory as places

FileEntry = metadata.FileEntry
capped = metadata.capped
checked_entry = comparison.checked_entry

NAME = places.RECORD
FRESH = ".backups.json.new"
FORMAT, WITH_PARTS, APART = 3, 4, 5
READABLE = (1, 2, FORMAT, WITH_PARTS, APART)
"""Formats that are read: in the first one no file is protected by `chattr`, and before the third
all are files. The fourth has what strategies remember beside files, and of a set of the fifth the
backups are in the state directory."""

KEPT = re.compile(r"[0-9]{4,9}|chosen-[0-9a-f]{8}")
"""Names of the folders of such sets."""

AGAIN = (
    "restore it from a copy of the state directory; do not save a new set now: that would save the "
    "live release"
)

DAMAGE = (KeyError, TypeError, ValueError, AttributeError, RecursionError)


FILES, END = b' "files": [\n', b"]}\n"
"""The lines of a record between which there is one file a line, as `encoded` writes it."""

PIECE = 1000

FEW: dict[object, Any] = {}
"""Modes, owners and kinds, which many files share, once each."""

NONE: dict[str, str] = {}
"""The attributes of the many files that have none; nobody writes into it."""


class BackupSet(NamedTuple):
    """One backup set. `sha256` is the digest of the file it was read from, "" before that.

    `partial` is why it was declared to be a part of the release, "" for a whole one; `whole` is how
    many files the release changes then, 0 where that is not known. `unsaved` are paths that no
    backup could be made of, each with the reason. `directories` are those on the way to its files
    that were there when it was made: whatever the clock said then, no deploy has made them. `parts`
    are what strategies remember beside files, by their names, as JSON. `kept` is the folder in the
    state directory that has the backups, "" where they are beside their files; `ways` are the
    directories on the way to them then, the outermost first: a deploy may delete one.
    """

    system: str
    root: str
    suffix: str
    created: str
    by: str
    previous: Release
    current: Release
    files: tuple[FileEntry, ...]
    added: tuple[str, ...]
    sha256: str = ""
    partial: str = ""
    whole: int = 0
    unsaved: tuple[str, ...] = ()
    directories: tuple[str, ...] = ()
    parts: dict[str, Any] = {}  # noqa: RUF012 - nobody changes a record
    kept: str = ""
    ways: tuple[FileEntry, ...] = ()


def read(state: str) -> BackupSet:
    """Return the record in a state directory.

    Raises:
        Absent: there is none.
        HostError: others can write it, or it is damaged.
    """
    directory = places.opened(state)
    try:
        opened = _opened(directory, state)
    finally:
        os.close(directory)
    with os.fdopen(opened, "rb") as file:
        digest = sha256(opened, os.fstat(opened).st_size)
        file.seek(0)
        try:
            return parsed(file)._replace(sha256=digest)
        except DAMAGE as error:
            raise HostError(f"the record {state}/{NAME} is damaged: {error}", AGAIN) from error


def _opened(directory: int, state: str) -> int:
    """Return a descriptor of the record, once it is sure that it is ours."""
    try:
        opened = open_regular(directory, NAME)
    except FileNotFoundError as error:
        raise places.Absent(
            f"no backup set is recorded in {state}",
            "call rollback save in the deploy script, before it copies files",
        ) from error
    except (Irregular, OSError) as error:
        raise HostError(
            f"the record {state}/{NAME} cannot be read: {error}",
            "set [target] sudo = true, or run as root on the host",
        ) from error
    found = os.fstat(opened)
    if found.st_mode & places.OTHERS or found.st_uid not in {0, os.geteuid()}:
        os.close(opened)
        raise HostError(
            f"the record {state}/{NAME} can be written by others and is not trusted",
            f"{AGAIN}; afterwards: stat {state}/{NAME}",
        )
    return opened


def parsed(file: BinaryIO) -> BackupSet:
    """Return the record that is written in JSON; one of `DAMAGE` is raised when it is none."""
    document = _document(file)
    if document["format"] not in READABLE:
        raise ValueError(f"format {document['format']!r} instead of {FORMAT}")
    record = BackupSet(
        system=_text(document["system"]),
        root=_text(document["root"]),
        suffix=_text(document["suffix"]),
        created=_text(document["created"]),
        by=_text(document["by"]),
        previous=_release(document["previous"]),
        current=_release(document["current"]),
        files=_list(document["files"]),
        added=_list(document["added"]),
        partial=_text(document.get("partial", "")),
        whole=int(document.get("whole", 0)),
        unsaved=tuple(map(_text, document.get("unsaved", []))),
        directories=tuple(map(_text, document.get("directories", []))),
        parts=dict(document.get("parts", {})),
        kept=_text(document.get("kept", "")),
        ways=tuple(FileEntry(*each) for each in document.get("ways", [])),
    )
    _check(record)
    return record


def _document(file: BinaryIO) -> dict[str, Any]:
    """Return the JSON document; one of ours a line at a time, which takes a third of the memory."""
    head = b"".join(iter(lambda: _until(file, FILES), b""))
    files: list[Any] = []
    piece = list(itertools.islice(file, PIECE))
    while piece:
        last = piece[-1] == END
        text = b"".join(piece[:-1] if last else piece).rstrip(b",\n")
        files += json.loads(b"[" + text + b"]", object_hook=_entry)
        if last:
            document: dict[str, Any] = json.loads(head.rstrip(b",\n") + b"}")
            return {**document, "files": files}
        piece = list(itertools.islice(file, PIECE))
    file.seek(0)
    whole: dict[str, Any] = json.loads(file.read(), object_hook=_entry)
    return whole


def _until(lines: BinaryIO, end: bytes) -> bytes:
    """Return the next line, nothing at the one that ends."""
    line = lines.readline()
    return b"" if line == end else line


def _entry(found: dict[str, Any]) -> Any:  # noqa: ANN401 - what json hands over and takes
    """Turn each file's object into a `FileEntry` while it is parsed: a fifth of the memory."""
    if "sha256" not in found:
        return found
    if found["xattrs"] == {}:
        found["xattrs"] = NONE
    for name in ("mode", "uid", "gid", "kind"):
        if name in found:
            found[name] = FEW.setdefault(found[name], found[name])
    return FileEntry(**found)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not text")
    return value


def _list(value: object) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise TypeError(f"{value!r} is not a list")
    return tuple(value)


def _release(found: dict[str, Any]) -> Release:
    return Release(
        _text(found["name"]), None if found["commit"] is None else _text(found["commit"])
    )


def _check(record: BackupSet) -> None:
    """Refuse an entry that could lead anywhere but to a file of its own below the root."""
    if record.kept and not KEPT.fullmatch(record.kept):
        raise ValueError(f"{record.kept!r} is no folder of a backup set")
    for saved in (*record.files, *record.ways):
        checked_entry(saved)
    paths = [saved.path for saved in record.files] + list(record.added)
    for path in (*paths, *(each.path for each in record.ways)):
        why = fault(path)
        if why:
            raise ValueError(f"the path {path!r} {why}")
    if len(set(paths)) != len(paths):
        raise ValueError("a path is listed twice")


def write(state: str, record: BackupSet) -> str:
    """Put a record in place of the one there, atomically and durably; return its digest.

    Raises:
        HostError: the state directory is unusable, or full.
    """
    raw = encoded(record)
    directory = places.opened(state)
    try:
        replace(directory, NAME, raw)
    except OSError as error:
        raise HostError(
            f"the record {state}/{NAME} cannot be written: {error.strerror}",
            f"free space, see 'df {state}' on the host; then run the same command again",
        ) from error
    finally:
        os.close(directory)
    return hashlib.sha256(raw).hexdigest()


def encoded(record: BackupSet) -> bytes:
    """Return the record as JSON: one file a line, so that people can compare two of them."""
    lines: list[str] = [json.dumps(saved._asdict()) for saved in record.files]
    rare = (key for key in ("parts", "kept", "ways") if not getattr(record, key))
    rare = (key for key in ("parts", "kept", "ways") if not getattr(record, key))
    spared = {"files", "sha256", *rare}
    head = {
        "format": APART if record.kept else WITH_PARTS if record.parts else FORMAT,
        **{key: value for key, value in record._asdict().items() if key not in spared},
        "previous": record.previous._asdict(),
        "current": record.current._asdict(),
    }
    text = json.dumps(head, indent=1)[:-2]
    return (text + ',\n "files": [\n' + ",\n".join(lines) + "\n]}\n").encode()


def replace(directory: int, name: str, raw: bytes) -> None:
    """Put a file for us alone in place of the one of that name, atomically and durably."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(FRESH, dir_fd=directory)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    opened = os.open(FRESH, flags, stat.S_IRUSR | stat.S_IWUSR, dir_fd=directory)
    with os.fdopen(opened, "wb") as file:
        file.write(raw)
        file.flush()
        os.fsync(opened)
    os.rename(FRESH, name, src_dir_fd=directory, dst_dir_fd=directory)
    os.fsync(directory)
