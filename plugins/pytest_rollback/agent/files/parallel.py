"""Ask the kernel for files before they are read: with a cold cache the disk is the slow part."""

from __future__ import annotations

import _thread
import contextlib
import marshal
import os
import signal
from typing import Any, Callable, Iterator, List, NoReturn, Sequence

from ..errors import HostError
from .handles import Irregular, open_regular
from .tree import Tree

FEW = 64
TRIED = 16
NOWAIT = getattr(os, "RWF_NOWAIT", 8)  # not every build of Python names it


@contextlib.contextmanager
def read_ahead(root: str, paths: Sequence[str]) -> Iterator[None]:
    """Have the files read into the cache by a second thread while the body works on them.

    Whatever is wrong with a file is left for the body to find. Halves the time of 10,000 cold
    files. It would cost a fifth when they are in the cache anyway, so a few are tried first.
    """
    if len(paths) < FEW or not hasattr(os, "posix_fadvise") or not _cold(root, paths):
        yield
        return
    turn, ended = [root], _thread.allocate_lock()
    done: List[str] = []

    def touch() -> None:
        with contextlib.suppress(IndexError):  # the body has ended before we began
            above = turn.pop()
            try:
                _touch(above, paths, done)
            finally:
                ended.release()

    ended.acquire()
    with contextlib.suppress(RuntimeError):  # this host has no more threads for us
        _thread.start_new_thread(touch, ())
    try:
        yield
    finally:
        done.append(root)
        try:
            turn.pop()
        except IndexError:  # it has begun, and ends soon
            ended.acquire()


def _cold(root: str, paths: Sequence[str]) -> bool:
    """Return whether one of a few files, evenly spread, would have to be read from the disk."""
    with Tree(root) as tree:
        for path in paths[:: max(1, len(paths) // TRIED)]:
            with contextlib.suppress(Irregular, OSError):
                opened = open_regular(*tree.parent(path))
                try:
                    os.preadv(opened, [bytearray(1)], 0, NOWAIT)
                except BlockingIOError:
                    return True
                finally:
                    os.close(opened)
    return False


def _touch(root: str, paths: Sequence[str], done: Sequence[str]) -> None:
    with Tree(root) as tree:
        for path in paths:
            if done:
                return
            with contextlib.suppress(Irregular, OSError):
                opened = open_regular(*tree.parent(path))
                try:
                    os.posix_fadvise(opened, 0, 0, os.POSIX_FADV_WILLNEED)
                finally:
                    os.close(opened)


MANY = 500
"""Files from which on a process is worth its start."""

NUMBERS = 256
"""No file of ours that is open has a higher number."""


def both(task: Callable[[int, int], Any], number: int) -> list[Any]:
    """Return what a task says of so many things: of all, or of one half and of the other.

    Args:
        task: is asked for the things from one number to another; it changes nothing, and what it
            returns are numbers, texts, tuples, lists and dicts.
        number: how many things there are.

    Raises:
        HostError: the task did, here or there.
    """
    if number < MANY or (os.cpu_count() or 1) < 2:  # noqa: PLR2004
        return [task(0, number)]
    half = number // 2
    reader, writer = os.pipe()
    try:
        child = os.fork()
    except OSError:
        os.close(reader)
        os.close(writer)
        return [task(0, number)]
    if not child:  # pragma: no cover - in the other process
        _tell(writer, task, half, number)
    os.close(writer)
    with os.fdopen(reader, "rb") as told, _ended(child):
        mine, words = task(0, half), told.read()
    try:
        theirs, problem = marshal.loads(words)  # noqa: S302 - our own process has said it
    except (ValueError, EOFError, TypeError):
        return [mine, task(half, number)]
    if problem:  # not looked at again: a flush that failed may well succeed the second time
        raise HostError(*problem)
    return [mine, theirs]


@contextlib.contextmanager
def _ended(child: int) -> Any:  # noqa: ANN401
    """Leave no process behind, however this one goes on."""
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def _tell(  # pragma: no cover - in the other process
    writer: int, task: Callable[[int, int], Any], start: int, end: int
) -> NoReturn:
    """Do a task and say what it returned, or its problem; nothing when it failed otherwise.

    What this process has open is its parent's: the lock would be held for as long as this one
    lives, and the connection would wait for it.
    """
    try:
        os.dup2(writer, 0)
        os.closerange(1, NUMBERS)
        try:
            words = marshal.dumps((task(start, end), None))
        except HostError as problem:
            words = marshal.dumps((None, (problem.message, problem.hint, problem.kind)))
        while words:
            words = words[os.write(0, words) :]
    finally:
        os._exit(0)
