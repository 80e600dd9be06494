"""How files are opened: from the root down, one component at a time, never through a link."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import unicodedata
from typing import TYPE_CHECKING, Iterator, Optional

from ..errors import HostError, failed, way_out
from . import reach
from .handles import DIRECTORY, Irregular, open_directory

if TYPE_CHECKING:
    from types import TracebackType

NOT_EMPTY = {errno.ENOTEMPTY, errno.EEXIST}
NAME_MAX = 255
PATH_MAX = 4095


def fault(path: object) -> Optional[str]:
    """Return why this is no canonical path below a root, or None when it is one."""
    if not isinstance(path, str) or not path:
        return "is empty or not text"
    if path.startswith("/"):
        return "is absolute, and only files below the root are saved and restored"
    if "\0" in path:
        return "contains NUL"
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
    """Return a descriptor of the root directory. The operator named it: links of root's are his.

    Raises:
        HostError: there is no such directory, it cannot be opened, or somebody led us to it by a
            link who may not change it himself.
    """
    try:
        with reach.reach(path) as found:
            opened = os.open(found.name, DIRECTORY, dir_fd=found.directory)
    except OSError as error:
        raise HostError(
            f"the root {path} cannot be opened: {error.strerror}",
            f"see 'ls -ld {path}' on the host, or correct [system] root",
        ) from error
    state = os.fstat(opened)
    for uid in found.led - reach.writers(state):
        if not reach.may(uid, state, opened, stat.S_IWOTH):
            os.close(opened)
            who = reach.account(uid)
            raise HostError(
                f"the root {path} is not used: the name {found.link!r}, given by {who}, leads to "
                f"what {who} may not change",
                f"namei -l {path}; name in [system] root where it leads, or leave root alone the "
                "link and the directory that it lies in",
            )
    return opened


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

    def status(self, path: str) -> os.stat_result:
        """Return what the system knows of a path, of a link itself.

        Raises what `open_directory` raises.
        """
        directory, name = self.parent(path)
        return os.stat(name, dir_fd=directory, follow_symlinks=False)

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
