"""The files of the host as they are, for a process that is alone: what it writes is its own.

Each file system lies below an overlay, whose upper side is in memory and ends with the process. A
socket or a fifo that is reached through an overlay leads to nobody: those of the host are dead.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
from typing import Iterator, List, NamedTuple, Tuple

from . import kernel

BASE = "/sys"
"""Where the new root is made: nothing below it is of a release."""

SIZE = "size=1g,mode=755"
"""What all that is written may take of the memory."""

APART = ("/proc", "/sys", "/dev")
NO_FILES = {
    *("autofs", "binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "debugfs", "devpts"),
    *("devtmpfs", "efivarfs", "fusectl", "hugetlbfs", "mqueue", "nsfs", "proc", "pstore"),
    *("rpc_pipefs", "securityfs", "selinuxfs", "sysfs", "tracefs"),
}
"""File systems that are the kernel's own, or do something when they are looked at."""

DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
COPIED = 16 << 20
"""Bytes of a file that is mounted alone, and copied."""

OPAQUE = ("userxattr", "")
"""How the upper side may note what hides a directory: newer kernels first."""


class Mounted(NamedTuple):
    """A file system of the host: where it is, and its kind."""

    place: str
    kind: str


def mounts() -> List[Mounted]:
    """Return the file systems of this process, in the order in which they were mounted."""
    found = []
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
        for line in file:
            first, _, rest = line.partition(" - ")
            place = re.sub(r"\\(\d{3})", lambda told: chr(int(told[1], 8)), first.split()[4])
            found.append(Mounted(place, rest.split()[0]))
    return found


class HostView:
    """A new root, built of the host's file systems, below a mount of our own.

    `unseen` are directories that could not be put below an overlay: they are empty in it.
    """

    def __init__(self) -> None:
        known = {each.place: each.kind for each in mounts()}
        self.kinds = {place: kind for place, kind in known.items() if not is_below(place, APART)}
        self.number = 0
        self.unseen: List[str] = []
        self.root = f"{BASE}/root"

    def build(self) -> None:
        """Mount all of it; the process is not in it yet.

        Raises:
            NotAlone: the kernel refuses it.
        """
        kernel.mount("none", "/", flags=kernel.REC | kernel.PRIVATE)
        kernel.mount("tmpfs", BASE, "tmpfs", kernel.NOSUID | kernel.NODEV, SIZE)
        os.mkdir(self.root)
        kernel.mount(self.root, self.root, flags=kernel.BIND)
        self.fill("/", self.root)
        for each in APART:
            with contextlib.suppress(FileExistsError):
                os.mkdir(self.root + each)
        self.devices(f"{self.root}/dev")

    def fill(self, path: str, target: str) -> None:
        """Have a directory of the host at a target: as an overlay where nothing is mounted below.

        What is mounted below cannot be taken along by the kernel: such a directory is made anew.
        """
        if not any(each.startswith(f"{path.rstrip('/')}/") for each in self.kinds):
            self.overlay(path, target)
            return
        self.number += 1
        try:
            names = os.listdir(path)
        except OSError:
            self.unseen.append(path)
            return
        for name in names:
            below = os.path.join(path, name)
            if below not in APART:
                with contextlib.suppress(FileNotFoundError):
                    self.entry(below, f"{target}/{name}")

    def entry(self, path: str, target: str) -> None:
        """Have one entry of a directory that is made anew; what is no file of it is left out."""
        found = os.lstat(path)
        if stat.S_ISLNK(found.st_mode):
            os.symlink(os.readlink(path), target)
        elif stat.S_ISREG(found.st_mode) and self.kinds.get(path, "") not in NO_FILES:
            self.copy(path, target, found)
        elif stat.S_ISDIR(found.st_mode):
            os.mkdir(target)
            if self.kinds.get(path, "") not in NO_FILES:
                self.fill(path, target)
            with contextlib.suppress(OSError):  # an overlay that could not be mounted
                dressed(target, found)

    def copy(self, path: str, target: str, found: os.stat_result) -> None:
        """Copy a file that lies beside mounts, or is one."""
        if found.st_size > COPIED:
            self.unseen.append(path)
            return
        try:
            opened = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            with os.fdopen(opened, "rb") as file, open(target, "wb") as copy:
                found = os.fstat(opened)
                if stat.S_ISREG(found.st_mode):
                    copy.write(file.read(COPIED))
            dressed(target, found)
        except OSError:
            self.unseen.append(path)

    def overlay(self, path: str, target: str) -> None:
        """Put a directory below an overlay; one that the kernel does not take stays empty."""
        self.number += 1
        up, work = (f"{BASE}/{kind}{self.number}" for kind in ("up", "work"))
        found = os.lstat(path)
        for each in (up, work):
            os.mkdir(each)
        with contextlib.suppress(OSError):
            dressed(up, found)
        names = (re.sub(r"([\\:,])", r"\\\1", each) for each in (path, up, work))
        options = "lowerdir={},upperdir={},workdir={}".format(*names)
        for more in OPAQUE:
            with contextlib.suppress(kernel.NotAlone):
                kernel.mount("overlay", target, "overlay", kernel.NODEV, f"{options},{more}")
                return
        self.unseen.append(path)

    def devices(self, place: str) -> None:
        """Have the few devices that every program may use, and none of the host's own."""
        kernel.mount("tmpfs", place, "tmpfs", kernel.NOSUID, "mode=755")
        for name in DEVICES:
            with contextlib.suppress(OSError), open(f"{place}/{name}", "wb"):
                kernel.mount(f"/dev/{name}", f"{place}/{name}", flags=kernel.BIND)
        for name, mode in (("shm", 0o1777), ("pts", 0o755), ("mqueue", 0o1777)):
            os.mkdir(f"{place}/{name}")
            os.chmod(f"{place}/{name}", mode)
        for name, number in (("stdin", 0), ("stdout", 1), ("stderr", 2)):
            os.symlink(f"/proc/self/fd/{number}", f"{place}/{name}")
        os.symlink("/proc/self/fd", f"{place}/fd")
        with contextlib.suppress(kernel.NotAlone):
            kernel.mount("devpts", f"{place}/pts", "devpts", 0, "newinstance,ptmxmode=0666")
            os.symlink("pts/ptmx", f"{place}/ptmx")

    def keep(self, path: str) -> None:
        """Have a directory as it is: what is written there is written on the host.

        Raises:
            NotAlone: the kernel refuses it.
        """
        kernel.mount(path, self.root + path, flags=kernel.BIND)

    def processes(self) -> None:
        """Have the processes of our own namespace, and no others.

        Where the host's own are hidden in part, as in a container, the kernel refuses that: there
        are none to be seen then, which most programs do not mind.
        """
        bound = kernel.NOSUID | kernel.NODEV | kernel.NOEXEC
        try:
            kernel.mount("proc", f"{self.root}/proc", "proc", bound)
        except kernel.NotAlone:
            self.unseen.append("/proc")

    def enter(self) -> None:
        """Make it the root of this process; the host's files cannot be reached after that.

        Raises:
            NotAlone: the kernel refuses it.
        """
        kernel.pivot(self.root)


def is_below(path: str, places: Tuple[str, ...]) -> bool:
    """Return whether a path is one of some, or lies below it."""
    return any(path == each or path.startswith(f"{each}/") for each in places)


def dressed(path: str, found: os.stat_result) -> None:
    """Give what was made anew the owner and the mode of the host's."""
    with contextlib.suppress(OSError):  # one that this namespace has no number for
        os.chown(path, found.st_uid, found.st_gid)
    os.chmod(path, stat.S_IMODE(found.st_mode))


def sockets(place: str) -> Iterator[str]:
    """Yield the sockets below a directory: their names stand in the way of new ones.

    A directory tells what its entries are: none is asked, of a hundred thousand that may be there.
    """
    left = [place]
    while left:
        with contextlib.suppress(OSError), os.scandir(left.pop()) as found:
            for entry in found:
                if entry.is_dir(follow_symlinks=False):
                    left.append(entry.path)
                elif not (entry.is_file(follow_symlinks=False) or entry.is_symlink()):
                    with contextlib.suppress(OSError):  # it is gone since
                        if stat.S_ISSOCK(entry.stat(follow_symlinks=False).st_mode):
                            yield entry.path
