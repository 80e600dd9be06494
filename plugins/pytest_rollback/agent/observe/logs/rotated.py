"""Where the earlier part of a log lies that was rotated: beside it, in a folder, or still open."""

from __future__ import annotations

import contextlib
import glob
import itertools
import os
import re
import stat
from typing import Iterator, NamedTuple

from ...files import lookup
from . import offsets

SUFFIXES = (".gz", ".bz2", ".xz", ".zst", ".lz4", ".Z", ".lzma")
WORDS = re.compile(r"old|bak|prev(?:ious)?|archived?|rotated|save")
ARCHIVE = re.compile(r"\.?(?:old|archived?|archives|rotated|history|prev|previous|bak|backups?)")
MARKS = "0123456789._-TZ:+"
"""What rotators put into a name: numbers, dates, or a word."""

DATE = 6
"""Digits that tell a date from the number of an instance, as in `web-2.log`."""

ENTRIES = 10_000
FOLDERS = 64
CONFIGURATION = 1 << 18
LOGROTATE = ("/etc/logrotate.conf", "/etc/logrotate.d/*")
OLDDIR = re.compile(r"^[ \t]{0,40}olddir[ \t]{1,40}(\S{1,4096})", re.MULTILINE)


class Rotated(NamedTuple):
    """Rotated files that were written to since a time, the latest first.

    `has_older`: there is one that was written last before it, so that nothing is missing between.
    """

    paths: tuple[str, ...]
    has_older: bool


def find(path: str, start: float, pid: int = 0) -> Rotated:
    """Return the rotated files of a log, whatever they are called and wherever they lie."""
    known = {_identity(path)}
    found: list[tuple[float, str]] = []
    has_older = False
    for name in itertools.chain(beside(path), still_open(path, pid)):
        with contextlib.suppress(FileNotFoundError):
            status = offsets.status(name)
            if not stat.S_ISREG(status.st_mode) or (status.st_dev, status.st_ino) in known:
                continue
            known.add((status.st_dev, status.st_ino))
            if status.st_mtime < start:
                has_older = True
            else:
                found.append((status.st_mtime, name))
    return Rotated(tuple(name for _, name in sorted(found, reverse=True)), has_older)


def _identity(path: str) -> tuple[int, int]:
    with contextlib.suppress(OSError):
        status = offsets.status(path)
        return status.st_dev, status.st_ino
    return -1, -1


def beside(path: str) -> Iterator[str]:
    """Yield files with the name of a rotated one: in the log's folder, below it, and in olddir."""
    folder, base = os.path.split(path)
    folders = [folder or "/", *olddirs(path)]
    for name in lookup.names(folders[0], ENTRIES):
        each = os.path.join(folders[0], name)
        if is_archive(name) and lookup.kind(each, follow=False) == "directory":
            folders.append(each)
        elif is_rotated(name, base):
            yield each
    for each in dict.fromkeys(folders[1:FOLDERS]):
        with contextlib.suppress(OSError):
            for name in lookup.names(each, ENTRIES):
                if name == base or is_rotated(name, base):
                    yield os.path.join(each, name)


def is_archive(name: str) -> bool:
    """Return whether a folder is called like one of rotated files: another may be of others."""
    return ARCHIVE.fullmatch(name.lower()) is not None or not name.strip(MARKS)


def is_rotated(name: str, base: str) -> bool:
    """Return whether a file is called like a rotated one of the log `base`."""
    plain, packed = os.path.splitext(name)
    name = plain if packed in SUFFIXES else name
    stem, ending = os.path.splitext(base)
    if name == base:
        return packed in SUFFIXES
    if name.startswith(base):
        mark = name[len(base) :]
    elif name.startswith(stem) and name.endswith(ending):
        mark = name[len(stem) : len(name) - len(ending)]
        if mark[:1] in "-_" and sum(map(str.isdigit, mark)) < DATE and not WORDS.search(mark):
            return False
    else:
        return False
    return (
        mark[:1] in (".", "-", "_") and not WORDS.sub("", mark[1:]).strip(MARKS) and len(mark) > 1
    )


def olddirs(path: str) -> list[str]:
    """Return the folders that logrotate moves files of a log's folder to."""
    found = []
    folder = os.path.dirname(path)
    for name in itertools.chain.from_iterable(map(glob.glob, LOGROTATE)):
        with contextlib.suppress(OSError), open(name, encoding="utf-8", errors="replace") as file:
            text = file.read(CONFIGURATION)
            if folder in text:
                found += [os.path.join(folder, each) for each in OLDDIR.findall(text)]
    return found


def still_open(path: str, pid: int) -> Iterator[str]:
    """Yield files that a process, or who started it, writes and that had the log's name."""
    base = os.path.basename(path)
    for each in (pid, _parent(pid)):
        if each <= 1:
            continue
        with contextlib.suppress(OSError):
            for number in os.listdir(f"/proc/{each}/fd"):
                link = f"/proc/{each}/fd/{number}"
                target = os.readlink(link)
                name = os.path.basename(target.rpartition(" (deleted)")[0] or target)
                if name == base or is_rotated(name, base):
                    yield link


def _parent(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            return int(file.read(4096).rpartition(")")[2].split()[1])
    except (OSError, ValueError, IndexError):
        return 0
