"""Two halves of a long look at many files, at the same time: one of them by a process of its own.

Python's threads take turns, and reading small files is nothing but turns. Only looks are done this
way: what a process that dies has not said is looked at again, here.
"""

from __future__ import annotations

import contextlib
import marshal
import os
import signal
from typing import Any, Callable, NoReturn

from .problem import Problem

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
        Problem: the task did, here or there.
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
        raise Problem(*problem)
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
        except Problem as problem:
            words = marshal.dumps((None, (problem.message, problem.hint, problem.kind)))
        while words:
            words = words[os.write(0, words) :]
    finally:
        os._exit(0)
