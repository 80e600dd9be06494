"""Paths that a manifest or a unit names, reached component by component from `/` on.

Whoever can write a directory on the way decides where the path leads. We are root, he is not: so a
link that he could have placed leads only to what he may read himself, and a fifo, a device or a
socket is nothing to read. A link that root alone could have placed is followed like any other.
"""

from __future__ import annotations

import contextlib
import errno
import grp
import os
import pwd
import stat
from typing import BinaryIO, FrozenSet, Iterator, List, NamedTuple, Set, Tuple

from . import links
from .handles import DIRECTORY, Irregular, regular

ANYBODY = -1
"""Stands for the number of an account: what everybody, or a group, can write."""

HANDLE = getattr(os, "O_PATH", 0) | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
"""Opens a directory that we may enter and perhaps not list."""

MOST = 16 << 20
"""Bytes of the largest file that is read whole."""

OF_PEOPLE = 1000
"""Numbers of groups below this are the system's."""

NO_DIRECTORY = (errno.ENOTDIR, errno.ELOOP)
"""What opening a link, or a file, as a directory ends with."""

HOPS = 40
"""Links on the way to one file, as in the kernel."""

ACL = "system.posix_acl_access"


class Reached(NamedTuple):
    """What a path leads to: its directory, open, its name there, and who had a say in the way.

    `movers` are the accounts, besides root and us, that can make the path lead elsewhere. `led` are
    those of them that did: by a link of theirs.
    """

    directory: int
    name: str
    movers: FrozenSet[int]
    led: FrozenSet[int]
    link: str


class _Walk:
    """One walk: the directory it stands in, and what is left to go."""

    def __init__(self, path: str, *, follow: bool) -> None:
        self.path, self.follow = path, follow
        self.left = _parts(path)
        self.here = os.open("/" if path[:1] == "/" else ".", DIRECTORY)
        self.movers: Set[int] = set()
        self.led: Set[int] = set()
        self.link, self.hops = "", 0

    def end(self) -> Reached:
        """Go on until one name is left that is no link, and return it with its directory."""
        name = "."
        while self.left:
            name = self.left.pop(0)
            above = os.fstat(self.here)
            self._checked(above)
            is_end = not self.left and name != ".."
            if (not is_end and self._into(name, above)) or (
                (not is_end or self.follow) and self._followed(name, above)
            ):
                name = "."
            elif not is_end:
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        return Reached(self.here, name, frozenset(self.movers), frozenset(self.led), self.link)

    def _followed(self, name: str, above: os.stat_result) -> bool:
        """Go to where a link leads, if it is one, and note who could have placed it."""
        try:
            link = links.read(self.here, name)
        except (Irregular, FileNotFoundError):
            return False
        self.hops += 1
        if self.hops > HOPS:
            raise OSError(errno.ELOOP, "too many links")
        placed = strangers(link.found.st_uid) | renamers(above, link.found)
        if placed:
            self.led |= placed
            self.link = self.link or name
        target = os.fsdecode(link.target)
        if target.startswith("/"):
            os.close(self.here)
            self.here = os.open("/", DIRECTORY)
        self.left = [*_parts(target), *self.left]
        return True

    def _into(self, name: str, above: os.stat_result) -> bool:
        """Enter a directory, if it is one, and note who could have placed it."""
        outer = self.here
        try:
            self.here = os.open(name, HANDLE, dir_fd=outer)
        except OSError as error:
            if error.errno in NO_DIRECTORY:
                return False
            raise
        os.close(outer)
        if name != "..":
            self.movers |= renamers(above, os.fstat(self.here))
        return True

    def _checked(self, found: os.stat_result) -> None:
        """Refuse a directory that somebody who led us here may not enter himself."""
        for uid in self.led:
            if not may(uid, found, self.here, stat.S_IXOTH):
                raise refusal(self.path, self.link, uid)


def refusal(path: str, link: str, uid: int) -> OSError:
    """Return why a path is not read: it leads, over a link, to what the link's owner may not."""
    who = account(uid)
    words = f"the name {link!r}, given by {who}, leads to what {who} may not read"
    return PermissionError(errno.EACCES, words, path)


def account(uid: int) -> str:
    """Return the name of an account, for people."""
    if uid == ANYBODY:
        return "others"
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def strangers(*uids: int) -> FrozenSet[int]:
    """Return which accounts are neither root nor us."""
    return frozenset(uids) - {0, os.geteuid()}


def writers(found: os.stat_result) -> FrozenSet[int]:
    """Return who besides root and us can change a file, or the names of a directory."""
    group = found.st_mode & 0o020 and found.st_gid != os.getegid() and has_members(found.st_gid)
    shared = found.st_mode & 0o002 or group
    return strangers(found.st_uid, *([ANYBODY] if shared else []))


def has_members(gid: int) -> bool:
    """Return whether anybody but root is in a group: in one of the system, as `staff`, often not.

    Of another group that is not known: its accounts may be in a directory that is not listed.
    """
    if gid >= OF_PEOPLE:
        return True
    try:
        named = grp.getgrgid(gid).gr_mem
    except KeyError:
        return True
    return any(name != "root" for name in named) or any(
        each.pw_gid == gid and each.pw_uid for each in pwd.getpwall()
    )


def renamers(above: os.stat_result, found: os.stat_result) -> FrozenSet[int]:
    """Return who besides root and us can give a name in a directory to something else."""
    if above.st_mode & stat.S_ISVTX:
        return strangers(above.st_uid, found.st_uid)
    return writers(above)


def may(uid: int, found: os.stat_result, opened: int, wanted: int) -> bool:
    """Return whether an account has a right on an open file; `wanted` is the bit for all others.

    What an access list gives is not looked for: there nobody but the owner has a right.
    """
    if uid == found.st_uid:
        return bool(found.st_mode & wanted << 6)
    member = uid != ANYBODY and found.st_gid in groups(uid)
    granted = found.st_mode & (wanted << 3 if member else wanted)
    return bool(granted) and not _has_acl(opened)


def groups(uid: int) -> FrozenSet[int]:
    """Return the groups of an account."""
    try:
        one = pwd.getpwuid(uid)
    except KeyError:
        return frozenset()
    return frozenset(os.getgrouplist(one.pw_name, one.pw_gid))


def _has_acl(opened: int) -> bool:
    try:
        return ACL in os.listxattr(f"/proc/self/fd/{opened}")
    except (AttributeError, OSError):
        return False


def _parts(path: str) -> List[str]:
    return [part for part in path.split("/") if part not in ("", ".")]


@contextlib.contextmanager
def reach(path: str, *, follow: bool = True) -> Iterator[Reached]:
    """Go where a path leads; whatever goes wrong there names all of the path.

    Without `follow` a link under its last name is what it leads to.

    Raises:
        OSError: something on the way is missing, or is not for whoever placed a link to it.
    """
    walk = _Walk(path, follow=follow)
    try:
        yield walk.end()
    except Irregular as other:
        raise OSError(errno.EINVAL, "is not a regular file", path) from other
    except OSError as error:
        error.filename = path
        raise
    finally:
        os.close(walk.here)


def opened(path: str, *, follow: bool = True) -> Tuple[int, os.stat_result]:
    """Return a descriptor, for reading, of a regular file, and what the system knows of it.

    Without `follow` the last name may not be that of a link.

    Raises:
        OSError: it is missing, no regular file, may not be read, or a link of somebody led to it
            who may not read it himself.
    """
    with reach(path, follow=follow) as found:
        descriptor, state = regular(found.directory, found.name)
        try:
            _read_by(found, path, state, descriptor)
        except OSError:
            os.close(descriptor)
            raise
    return descriptor, state


def status(path: str, *, follow: bool = True) -> os.stat_result:
    """Return what the system knows of what a path leads to; raises what `reach` raises."""
    with reach(path, follow=follow) as found:
        return os.stat(found.name, dir_fd=found.directory, follow_symlinks=False)


def _read_by(found: Reached, path: str, state: os.stat_result, descriptor: int) -> None:
    """Refuse what somebody led us to by a link, or by another name, who may not read it."""
    other_name = found.movers | renamers(os.fstat(found.directory), state)
    for uid in found.led | (other_name if state.st_nlink > 1 else frozenset()):
        if not may(uid, state, descriptor, stat.S_IROTH):
            raise refusal(path, found.link or found.name, uid)


def file(path: str, *, follow: bool = True) -> BinaryIO:
    """Open a regular file for reading; raises what `opened` raises."""
    return open(opened(path, follow=follow)[0], "rb", buffering=0)


def whole(path: str, *, follow: bool = True) -> bytes:
    """Return the content of a regular file.

    Raises:
        OSError: it is missing, may not be read, is no regular file, is larger than 16 MiB, or a
            link led to it of somebody who may not read it.
    """
    with file(path, follow=follow) as found:
        if os.fstat(found.fileno()).st_size > MOST:
            raise OSError(errno.EFBIG, "is larger than 16 MiB", path)
        return found.read(MOST)


def text(path: str, *, follow: bool = True) -> str:
    """Return the content of a regular file as text; raises what `whole` raises."""
    return whole(path, follow=follow).decode("utf-8", "surrogateescape")
