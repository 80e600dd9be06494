"""What a rollback needs of its host: commands and paths that are there, and can be written."""

from __future__ import annotations

import os
import shlex
import shutil
from typing import Iterable, Iterator

from ..files import lookup, metadata
from ..files.handles import REGULAR
from ..messages.requirements import NO_DIRECTORY
from ..messages.system import PathKinds, PathsRequest, Tools, ToolsRequest
from . import disk
from .command import surroundings

READ_ONLY = os.ST_RDONLY

TAKEN = {
    metadata.IMMUTABLE: "chattr -i",
    metadata.APPEND_ONLY: "chattr -a",
    metadata.PROTECTED: "chattr -ia",
}
"""What takes flags away for which not even root can change, rename or link a file."""


def look(request: ToolsRequest) -> Tools:
    """Return where each command is found, None for one that is not there."""
    return Tools({command: found(command, request.root) for command in request.commands})


def found(command: str, root: str) -> str | None:
    """Return where the program of a command line is."""
    return shutil.which(argv(command, root)[0], path=surroundings()["PATH"])


def argv(command: str, root: str) -> list[str]:
    """Return the words of a command line; one that is a whole path may have blanks in it."""
    if command.startswith("/") and lookup.kind(command):
        return [command]
    first, *rest = shlex.split(command)
    return [os.path.join(root, first) if "/" in first else first, *rest]


def paths(request: PathsRequest) -> PathKinds:
    """Return what each path is."""
    return PathKinds({path: kind(os.path.join(request.root, path)) for path in request.paths})


def kind(path: str) -> str | None:
    """Return what is at a path, links followed as far as those who placed them could see."""
    found = lookup.kind(path)
    return (found if found in {"directory", "file"} else "other") if found else None


def denials(paths: Iterable[str]) -> dict[str, str]:
    """Return, for each absolute path that cannot be replaced, why."""
    mounted = disk.points()
    inside: dict[str, list[str]] = {}
    for path in paths:
        inside.setdefault(os.path.dirname(path), []).append(path)
    found: dict[str, str] = {}
    for directory, names in inside.items():
        found.update(_denied(directory, names, mounted))
    return {path: words for path, words in found.items() if words}


def _denied(
    directory: str, paths: Iterable[str], mounted: frozenset[str]
) -> Iterator[tuple[str, str]]:
    """Yield each path of a directory, and why it cannot be replaced by another of its name."""
    place = disk.existing(directory)
    try:
        with lookup.directory(place) as here:
            words = closed(here, place)
            for path in paths:
                if path in mounted:
                    yield path, "is a mount point, which cannot be replaced"
                else:
                    own = "" if words else flagged(here, os.path.basename(path))
                    yield path, words or (f"is {own}" if own else "")
    except NotADirectoryError:
        yield from ((path, f"{place} {NO_DIRECTORY}") for path in paths)
    except OSError as error:
        yield from ((path, f"{place}: {error.strerror}") for path in paths)


def closed(directory: int, path: str) -> str:
    """Return why no file can be created or renamed in an open directory; "" when one can."""
    if os.statvfs(directory).f_flag & READ_ONLY:
        return f"{disk.above(path)} is mounted read-only"
    if flagged(directory, "."):
        return f"the directory {path} is {flagged(directory, '.')}"
    if not os.access(".", os.W_OK | os.X_OK, dir_fd=directory):
        return f"the directory {path} is not writable"
    return ""


def flagged(directory: int, name: str) -> str:
    """Return the attribute that forbids a change even to root; "" where there is none."""
    flags = flags_at(directory, name)
    given = TAKEN.get(flags, "").replace("-", "+")
    return f"{metadata.flag_words(flags)} ({given})" if flags else ""


def flags_at(directory: int, name: str) -> int:
    """Return the flags that protect a file in an open directory; 0 where it cannot be opened."""
    try:
        opened = os.open(name, REGULAR, dir_fd=directory)
    except OSError:  # not there, or not readable: others say so
        return 0
    try:
        return metadata.flags(opened)
    finally:
        os.close(opened)
