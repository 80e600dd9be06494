"""The error of the agent: a message and a hint; and how texts are shortened."""

from __future__ import annotations

import errno
import os
import shlex
from typing import Optional

FINDING = "\n  "
"""What separates a message from what was found, one each, where that is much."""


class HostError(Exception):
    """Something the agent could not or would not do.

    Args:
        message: what happened, one sentence.
        hint: the exact way out.
        kind: how the controller names it: refused, held, unreachable, unfinished.
    """

    def __init__(self, message: str, hint: str, kind: str = "refused") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.kind = kind


WAYS = {
    errno.EPERM: "it may be immutable or append-only: lsattr -d {path} {above}; then chattr -ia",
    errno.EACCES: "see the permissions: namei -l {path}; or set [target] sudo = true",
    errno.EROFS: "the file system is read-only: findmnt -T {place}; mount -o remount,rw it",
    errno.ENOSPC: "free space or inodes: df -h {place}; df -i {place}",
    errno.EDQUOT: "the quota of the owner is used up: quota; df -h {place}",
    errno.EIO: "the disk has errors: dmesg | tail; findmnt -T {place}",
    errno.EBUSY: "something is mounted there: findmnt {path}",
    errno.ESTALE: "its file system was taken away: findmnt -T {place}; unmount and mount it again",
    errno.EXDEV: "something is mounted above it: findmnt -T {path}",
    errno.EMFILE: "too many files are open: ulimit -n",
    errno.ENFILE: "too many files are open on this host: cat /proc/sys/fs/file-nr",
    errno.ENOMEM: "the host is out of memory, or a limit is too low: free -m; ulimit -a",
}
"""What to look at on the host, by the error; the same command again goes on afterwards."""


def way_out(code: Optional[int], path: str) -> str:
    """Return the hint that fits an error at a path."""
    words = WAYS.get(code or 0, "on the host: ls -ld {path} {above}")
    above = os.path.dirname(path) or "."
    place = path if os.path.isdir(path) else above  # a directory may be a mount of its own
    named = {"path": path, "above": above, "place": place}
    quoted = {name: shlex.quote(each) for name, each in named.items()}
    return f"{words.format(**quoted)}; then run the same command again"


def failed(error: OSError, path: str) -> HostError:
    """Return what an error of the system means, with the whole path that it was about."""
    words = error.strerror or str(error)
    return HostError(f"{path}: {words}", way_out(error.errno, path), "unfinished")


ENDS = " \n\"'<>"
"""What no password or key has within it, as a rule."""


def shortened(text: str, most: int) -> str:
    """Return the beginning of a text, cut where a word ends: half a secret nobody would know.

    Of one long word, as much as there is room for is left: enough to be known.
    """
    ends = [at for at in range(most // 2, most + 1) if text[at : at + 1] in ENDS]  # or it is over
    return text[: max(ends, default=most)]
