"""What a rollback needs of its host: commands and paths that are there, and can be written."""

from __future__ import annotations

import array
import fcntl
import os
import shlex
import shutil
import stat
from typing import Iterable

from ..messages.requirements import NO_DIRECTORY
from ..messages.system import PathKinds, PathsRequest, Tools, ToolsRequest
from . import disk
from .command import surroundings

GET_FLAGS = 0x80086601
"""The ioctl behind `lsattr` (FS_IOC_GETFLAGS), and two of its flags."""
IMMUTABLE, APPEND_ONLY = 0x10, 0x20
READ_ONLY = os.ST_RDONLY


def look(request: ToolsRequest) -> Tools:
    """Return where each command is found, None for one that is not there."""
    return Tools({command: found(command, request.root) for command in request.commands})


def found(command: str, root: str) -> str | None:
    """Return where the program of a command line is."""
    return shutil.which(argv(command, root)[0], path=surroundings()["PATH"])


def argv(command: str, root: str) -> list[str]:
    """Return the words of a command line; one that is a whole path may have blanks in it."""
    if command.startswith("/") and os.path.exists(command):
        return [command]
    first, *rest = shlex.split(command)
    return [os.path.join(root, first) if "/" in first else first, *rest]


def paths(request: PathsRequest) -> PathKinds:
    """Return what each path is."""
    return PathKinds({path: kind(os.path.join(request.root, path)) for path in request.paths})


def kind(path: str) -> str | None:
    """Return what is at a path, links followed."""
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):
        return None
    if stat.S_ISDIR(mode):
        return "directory"
    return "file" if stat.S_ISREG(mode) else "other"


def denials(paths: Iterable[str]) -> dict[str, str]:
    """Return, for each absolute path that cannot be replaced, why."""
    mounted = disk.points()
    known: dict[str, str] = {}
    found = {path: denied(path, mounted, known) for path in paths}
    return {path: words for path, words in found.items() if words}


def denied(path: str, mounted: frozenset[str], known: dict[str, str]) -> str:
    """Return why a file cannot be replaced by another of its name; "" when it can."""
    if path in mounted:
        return "is a mount point, which cannot be replaced"
    directory = os.path.dirname(path)
    if directory not in known:
        known[directory] = closed(disk.existing(directory))
    if known[directory]:
        return known[directory]
    return f"is {flagged(path)}" if flagged(path) else ""


def closed(directory: str) -> str:
    """Return why no file can be created or renamed in a directory; "" when one can."""
    if not os.path.isdir(directory):
        return f"{directory} {NO_DIRECTORY}"
    if os.statvfs(directory).f_flag & READ_ONLY:
        return f"{disk.above(directory)} is mounted read-only"
    if flagged(directory):
        return f"the directory {directory} is {flagged(directory)}"
    if not os.access(directory, os.W_OK | os.X_OK):
        return f"the directory {directory} is not writable"
    return ""


def flagged(path: str) -> str:
    """Return the attribute that forbids a change even to root; "" where there is none."""
    try:
        opened = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:  # not there, or not readable: others say so
        return ""
    flags = array.array("L", [0])
    try:
        fcntl.ioctl(opened, GET_FLAGS, flags, True)  # noqa: FBT003 - ioctl knows no keywords
    except OSError:  # this file system has no such attributes
        return ""
    finally:
        os.close(opened)
    if flags[0] & IMMUTABLE:
        return "immutable (chattr +i)"
    return "append-only (chattr +a)" if flags[0] & APPEND_ONLY else ""
