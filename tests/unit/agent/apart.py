"""What a test does in a fork of its own, or as somebody else."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import traceback
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

NOBODY = 65534


class Ended(NamedTuple):
    """How a fork ended, and what it wrote on its standard output."""

    code: int
    out: str


def apart(task: Callable[[], object], given: bytes = b"") -> Ended:
    """Do something in a fork: nothing that it does to its process stays."""
    with tempfile.TemporaryFile() as words, tempfile.TemporaryFile() as said:
        words.write(given)
        words.seek(0)
        child = os.fork()
        if child == 0:
            _child(task, words.fileno(), said.fileno())
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        said.seek(0)
        return Ended(code, said.read().decode())


def _child(task: Callable[[], object], words: int, said: int) -> None:
    """Do it with these as standard input and output, and end here."""
    code = 1
    try:
        os.dup2(words, 0)
        os.dup2(said, 1)
        sys.stdin = open(0, encoding="ascii", closefd=False)  # noqa: SIM115 - the fork's own
        task()
        code = 0
    except BaseException:  # noqa: BLE001 - whatever it was, the test reads it
        os.write(1, traceback.format_exc().encode())
    finally:
        os._exit(code)


@contextlib.contextmanager
def somebody(uid: int = NOBODY) -> Iterator[None]:
    """Do something as an account without rights; root again afterwards."""
    groups = os.getgroups()
    os.setgroups([])
    os.setresgid(uid, uid, 0)
    os.setresuid(uid, uid, 0)
    try:
        yield
    finally:
        os.setresuid(0, 0, 0)
        os.setresgid(0, 0, 0)
        os.setgroups(groups)


@contextlib.contextmanager
def elsewhere(place: Path) -> Iterator[None]:
    """Do something with a directory as the root of all paths: there is no /proc, and nothing else.

    Only for root, and for code that imports nothing meanwhile.
    """
    root, here = os.open("/", os.O_RDONLY), os.open(".", os.O_RDONLY)
    try:
        os.chroot(place)
        os.chdir("/")
        yield
    finally:
        os.fchdir(root)
        os.chroot(".")
        os.fchdir(here)
        os.close(root)
        os.close(here)
