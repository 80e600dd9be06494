"""How files are opened: from the root down, one component at a time, never through a link."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import unicodedata
from typing import TYPE_CHECKING, Iterator, Optional

from ..errors import HostError, failed, way_out

if TYPE_CHECKING:
    from types import TracebackType

DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
REGULAR = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
FRESH = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
QUIET = getattr(os, "O_NOATIME", 0)
NOT_EMPTY = {errno.ENOTEMPTY, errno.EEXIST}
NAME_MAX = 255
PATH_MAX = 4095
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


def fault(path: object) -> Optional[str]:
    """Return why this is no canonical path below a root, or None when it is one."""
    if not isinstance(path, str) or not path:
        return "is empty or not text"
    if path.startswith("/") or "\0" in path:
        return "is absolute or contains NUL"
    parts = path.split("/")
    if not {"", ".", ".."}.isdisjoint(parts):
        return "has an empty, '.' or '..' component"
    raw = os.fsencode(path)
    if len(raw) > PATH_MAX or (
        len(raw) > NAME_MAX and any(len(part) > NAME_MAX for part in raw.split(b"/"))
    ):
        return "is longer than the file system allows"
    return None


def folded(path: str) -> str:
    """Return what two names share when a file system may take them for one."""
    return unicodedata.normalize("NFC", path)


def open_root(path: str) -> int:
    """Return a descriptor of the root directory. The operator named it, so links above it are his.

    Raises:
        HostError: there is no such directory, or it cannot be opened.
    """
    try:
        return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise HostError(
            f"the root {path} cannot be opened: {error.strerror}",
            f"see 'ls -ld {path}' on the host, or correct [system] root",
        ) from error


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


class Tree:
    """A root that is open, for many files: paths in sorted order cost one walk per directory.

    Not for several threads at once; each takes its own.
    """

    def __init__(self, root: str) -> None:
        self.root, self.path = open_root(root), root
        self._name: Optional[str] = None
        self._directory = -1

    def directory(self, path: str) -> int:
        """Return a directory below the root, which stays the tree's own and good until the next.

        Raises what `open_directory` raises.
        """
        if path != self._name:
            self._forget()
            self._directory = open_directory(self.root, path)
            self._name = path
        return self._directory

    def parent(self, path: str) -> tuple[int, str]:
        """Return the path's directory, under the same terms, and its last name."""
        above, _, name = path.rpartition("/")
        return self.directory(above), name

    @contextlib.contextmanager
    def naming(self, path: str) -> Iterator[None]:
        """Do something with a path below the root; what goes wrong names all of the path.

        Raises:
            HostError: the system refused, or something on the way is not what it was.
        """
        try:
            yield
        except (OSError, Irregular) as error:
            raise self.named(error, path) from error

    def named(self, error: OSError | Irregular, path: str) -> HostError:
        """Return what went wrong with a path below the root, with all of the path."""
        whole = os.path.join(self.path, path)
        if isinstance(error, Irregular):
            return HostError(f"{whole}: {error}", way_out(None, whole), "unfinished")
        return failed(error, whole)

    def _forget(self) -> None:
        if self._name is not None:
            self._name = None
            os.close(self._directory)

    def __enter__(self) -> Tree:  # noqa: PYI034 - typing.Self is newer than 3.8
        return self

    def __exit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self._forget()
        os.close(self.root)
