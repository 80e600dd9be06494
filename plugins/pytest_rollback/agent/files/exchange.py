"""Two names in one directory that change places in one step, where kernel and file system can.

The same call of the kernel renames a file without replacing another.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import os
from typing import Callable, Iterable

from .handles import FRESH
from .tree import Tree

NOREPLACE, EXCHANGE = 1, 2
UNABLE = {errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTTY}
"""What a kernel or file system says that cannot exchange names."""


def exchange(directory: int, one: str, other: str) -> None:
    """Let two names of a directory change places; both are there at every instant.

    Raises:
        OSError: one of them is missing, or this cannot be done here.
    """
    rename(directory, one, other, EXCHANGE)


def rename(directory: int, one: str, other: str, how: int) -> None:
    """Rename a file in its directory: exchange the two names, or replace nothing.

    Raises:
        OSError: one of them is missing, or in the way; or this cannot be done here.
    """
    code = _call()(directory, os.fsencode(one), os.fsencode(other), how)
    if code:
        raise OSError(code, os.strerror(code), one, None, other)


@functools.lru_cache(maxsize=None)
def _call() -> Callable[[int, bytes, bytes, int], int]:
    """Return what asks the kernel, and answers with the number of an error, or zero."""
    import ctypes  # noqa: PLC0415 - most requests exchange nothing, and some Pythons lack it

    try:
        asked = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError) as error:  # pragma: no cover - a C library without it
        raise OSError(errno.ENOSYS, "the C library cannot exchange names") from error
    asked.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint)
    return lambda directory, one, other, how: (
        ctypes.get_errno() if asked(directory, one, directory, other, how) else 0
    )


def swapped(directory: int, one: str, other: str) -> bool:
    """Return whether two files of a directory can change places."""
    for name in (one, other):
        os.close(os.open(name, FRESH, 0o600, dir_fd=directory))
    before = os.stat(one, dir_fd=directory, follow_symlinks=False).st_ino
    exchange(directory, one, other)
    return os.stat(other, dir_fd=directory, follow_symlinks=False).st_ino == before


def unable(
    root: str,
    directories: Iterable[str],
    mark: str,
    trial: Callable[[int, str, str], bool] = swapped,
) -> list[str]:
    """Return the directories below the root that lie where a trial fails: names are not exchanged.

    Each file system is tried once, with empty files of the mark's own two names.
    """
    tried: dict[int, bool] = {}
    found = []
    with Tree(root) as tree:
        for path in sorted(directories):
            with tree.naming(path):
                here = tree.directory(path)
                device = os.fstat(here).st_dev
                if device not in tried:
                    tried[device] = _tried(here, mark, trial)
                found += [] if tried[device] else [path]
    return found


def _tried(directory: int, mark: str, trial: Callable[[int, str, str], bool]) -> bool:
    """Return whether a directory stands a trial; nothing of it is left."""
    forget(directory, mark)
    try:
        return trial(directory, *names(mark))
    except OSError as error:
        if error.errno in UNABLE:
            return False
        raise
    except ImportError:  # pragma: no cover - a Python without ctypes
        return False
    finally:
        forget(directory, mark)


def names(mark: str) -> tuple[str, str]:
    """Return the names of the two files that are tried."""
    return f".rollback-{mark}-try.one", f".rollback-{mark}-try.other"


def forget(directory: int, mark: str) -> None:
    """Take away what a trial left that was killed."""
    for name in names(mark):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name, dir_fd=directory)
