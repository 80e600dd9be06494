"""What the kernel gives a process to be alone with: namespaces, mounts, a network of itself."""

from __future__ import annotations

import ctypes
import fcntl
import os
import signal
import socket
import struct
from typing import List

from ...errors import HostError

NEWNS, NEWUTS, NEWIPC = 0x00020000, 0x04000000, 0x08000000
NEWUSER, NEWPID, NEWNET = 0x10000000, 0x20000000, 0x40000000
ALONE = NEWNS | NEWUTS | NEWIPC | NEWPID | NEWNET
"""Namespaces of files, name, messages, processes and network."""

RDONLY, NOSUID, NODEV, NOEXEC, REMOUNT, BIND = 1, 2, 4, 8, 32, 4096
REC, PRIVATE, DETACH = 16384, 1 << 18, 2

SIOCSIFFLAGS, SIOCSIFADDR, UP = 0x8914, 0x8916, 1
PR_SET_PDEATHSIG, PR_SET_DUMPABLE = 1, 4

HINT = (
    "allow user namespaces: sysctl user.max_user_namespaces and kernel.unprivileged_userns_clone; "
    "in a container, start it with --security-opt seccomp=unconfined, unmask=ALL; or set previous "
    '= "" in [database.rehearsal]'
)


class NotAlone(HostError):
    """A process cannot be separated from its host, so that nothing is started."""


def _checked(code: int, what: str) -> None:
    if code:
        error = ctypes.get_errno()
        raise NotAlone(f"{what}: {os.strerror(error)}", HINT)


def libc() -> ctypes.CDLL:
    """Return the C library of this process."""
    return ctypes.CDLL(None, use_errno=True)


def unshare(flags: int) -> None:
    """Leave namespaces for new ones.

    Raises:
        NotAlone: the kernel does not allow it.
    """
    _checked(libc().unshare(flags), "this host gives no namespaces")


def mount(source: str, target: str, kind: str = "", flags: int = 0, options: str = "") -> None:
    """Mount a file system.

    Raises:
        NotAlone: the kernel refuses it.
    """
    words = [os.fsencode(each) or None for each in (source, target, kind)]
    given = os.fsencode(options) or None
    code = libc().mount(words[0] or b"none", words[1], words[2], ctypes.c_ulong(flags), given)
    _checked(code, f"{kind or 'a bind'} cannot be mounted at {target}")


def pivot(place: str) -> None:
    """Make a mounted directory the root, and let the old one go.

    Raises:
        NotAlone: the kernel refuses it.
    """
    os.chdir(place)
    _checked(libc().pivot_root(b".", b"."), "the root cannot be changed")
    _checked(libc().umount2(b".", DETACH), "the old root cannot be left")
    os.chdir("/")


def dies_with(parent: int) -> None:
    """Have the kernel end this process with its parent."""
    libc().prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def identity_maps(which: str) -> str:
    """Return the map of numbers (`uid` or `gid`) in which each one of ours is itself."""
    with open(f"/proc/self/{which}_map", encoding="utf-8") as file:
        rows: List[List[str]] = [line.split() for line in file]
    return "".join(f"{inside} {inside} {count}\n" for inside, _, count in rows)


def map_itself() -> None:
    """Be who we are in a user namespace that this process has just made, without being root.

    Raises:
        NotAlone: the kernel refuses it.
    """
    uid, gid = os.geteuid(), os.getegid()
    libc().prctl(PR_SET_DUMPABLE, 1)  # who has changed accounts may not write his own maps
    unshare(NEWUSER)
    _written("/proc/self/setgroups", "deny")
    _written("/proc/self/uid_map", f"{uid} {uid} 1\n")
    _written("/proc/self/gid_map", f"{gid} {gid} 1\n")


def map_all(pid: int) -> None:
    """Give the user namespace of a child each of our numbers as itself; for root alone.

    Raises:
        NotAlone: the kernel refuses it.
    """
    for which in ("uid", "gid"):
        _written(f"/proc/{pid}/{which}_map", identity_maps(which))


def _written(path: str, text: str) -> None:
    try:
        with open(path, "wb", 0) as file:
            file.write(text.encode())
    except OSError as error:
        raise NotAlone(f"{path}: {error.strerror}", HINT) from error


def network_up(addresses: List[str]) -> None:
    """Start the loopback of a new network, with further IPv4 addresses that lead nowhere else."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        fcntl.ioctl(one, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", UP))
        for number, address in enumerate(addresses):
            words = struct.pack(
                "16sH2x4s8x", b"lo:%d" % number, socket.AF_INET, socket.inet_aton(address)
            )
            fcntl.ioctl(one, SIOCSIFADDR, words)
