"""What a test does in a fork of its own, or as somebody else."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import traceback
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import pytest

from pytest_rollback.agent import protocol
from pytest_rollback.agent.errors import HostError
from pytest_rollback.agent.files.handles import Irregular
from tests.faults import tracing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

NOBODY = 65534
ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
Result = TypeVar("Result")


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
    except BaseException:  # noqa: BLE001 - whatever it was, the parent is told
        os.write(1, traceback.format_exc().encode())
    finally:
        os._exit(code)


def injected(task: Callable[[], Result], *faults: str) -> Result:
    """Return what a task returns in a fork whose system calls fail as strace is told.

    A fault is written as strace takes it: `fsync:error=EIO:when=2`.
    """
    why = tracing.unavailable()
    if why:
        pytest.skip(f"not run: {why}")
    words = [word for fault in faults for word in ("-e", f"inject={fault}")]
    told = tracing.apart(lambda: protocol.frame({"answers": [{"value": task()}]}), words)
    assert told.killed == 0
    assert "value" in told.answers[0], told.answers
    found: Result = told.answers[0]["value"]
    return found


def before(event: str, act: Callable[[], object], number: int = 1) -> None:
    """Have something done in this fork right before its n-th event of a kind.

    Events are those of `sys.addaudithook`, which hears of them before the system is asked. A hook
    stays as long as its process: only in what is done `apart`.
    """
    left = number

    def hook(name: str, _: tuple[object, ...]) -> None:
        nonlocal left
        if name == event:
            left -= 1
            if left == 0:
                act()

    sys.addaudithook(hook)


def words(task: Callable[[], object]) -> str:
    """Return how a task was refused, "" when it was not."""
    try:
        task()
    except (HostError, Irregular, OSError) as why:
        return f"{type(why).__name__}: {why}"
    return ""


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


def reachable(place: Path) -> None:
    """Let everybody get to a directory of pytest's, also in a worker of pytest-xdist."""
    for above in (place, *place.parents):
        mine = above.stat().st_uid == os.geteuid()
        if mine and above.name.startswith(("pytest-", "popen-", "test_")):
            above.chmod(0o755)


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
