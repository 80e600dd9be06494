"""How a name below an open directory is opened: one component at a time, never through a link."""

from __future__ import annotations

import errno
import os
import stat

DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
REGULAR = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
FRESH = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
QUIET = getattr(os, "O_NOATIME", 0)
KINDS = (
    (stat.S_ISREG, "file"),
    (stat.S_ISDIR, "directory"),
    (stat.S_ISLNK, "symlink"),
    (stat.S_ISFIFO, "fifo"),
    (stat.S_ISSOCK, "socket"),
)


class Irregular(Exception):
    """Something on the way, or at its end, is not what a release consists of.

    Args:
        kind: what was found: symlink, directory, fifo, socket, device, file.
        name: the component of the path where it was found.
    """

    def __init__(self, kind: str, name: str) -> None:
        super().__init__(f"{name!r} is a {kind}")
        self.kind = kind
        self.name = name


def kind_of(mode: int) -> str:
    """Return the word for a file's type, given its `st_mode`."""
    return next((word for test, word in KINDS if test(mode)), "device")


def open_directory(root: int, path: str) -> int:
    """Return a descriptor, which the caller closes, of a directory below the root; "" is the root.

    Raises:
        Irregular: a component is a link or no directory.
        OSError: a component is missing or may not be entered.
    """
    here = os.dup(root)
    for name in path.split("/") if path else ():
        above = here
        try:
            here = os.open(name, DIRECTORY, dir_fd=above)
        except OSError as error:
            raise _refusal(error, above, name) from error
        finally:
            os.close(above)
    return here


def open_regular(directory: int, name: str) -> int:
    """Return a descriptor, for reading, of a regular file in the directory. Never blocks.

    Raises what `regular` raises.
    """
    return regular(directory, name)[0]


def regular(directory: int, name: str) -> tuple[int, os.stat_result]:
    """Return the same, and what the system knows of the file.

    Raises:
        Irregular: it is a link, a directory, a fifo, a socket or a device.
        OSError: it is missing or may not be read.
    """
    try:
        opened = _quietly(directory, name)
    except OSError as error:
        raise _refusal(error, directory, name) from error
    found = os.fstat(opened)
    if not stat.S_ISREG(found.st_mode):
        os.close(opened)
        raise Irregular(kind_of(found.st_mode), name)
    return opened, found


def _quietly(directory: int, name: str) -> int:
    """Open a file without a trace, where we may: a time of reading is a write for the disk."""
    try:
        return os.open(name, REGULAR | QUIET, dir_fd=directory)
    except PermissionError:
        return os.open(name, REGULAR, dir_fd=directory)


def _refusal(error: OSError, directory: int, name: str) -> Exception:
    """Return what an open that failed means: the wrong kind of thing, or the error itself."""
    if error.errno not in {errno.ELOOP, errno.ENOTDIR, errno.ENXIO}:
        return error
    try:
        mode = os.stat(name, dir_fd=directory, follow_symlinks=False).st_mode
    except OSError as gone:
        return gone
    return Irregular(kind_of(mode), name)
