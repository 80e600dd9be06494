"""What waits for the disk is done by a few threads at a time.

Nothing else is: Python's threads take turns, and many that write and hash are slower than one.
"""

from __future__ import annotations

import _thread
import os
from contextlib import suppress
from typing import Callable, Sequence, TypeVar

from .tree import Tree

WORKERS = 8
FEW = 16
"""Things for which threads are not worth their start."""

Result = TypeVar("Result")
Thing = TypeVar("Thing")


def spread(
    task: Callable[[Tree, Thing], Result], root: str, things: Sequence[Thing]
) -> list[Result]:
    """Return the results of a task for every path or file, in order; raise what one raised."""
    if len(things) <= FEW:
        with Tree(root) as tree:
            return [task(tree, thing) for thing in things]
    size = -(-len(things) // WORKERS)
    starts = range(0, len(things), size)
    results: dict[int, list[Result]] = {}
    failures: list[BaseException] = []

    def part(start: int) -> None:
        try:
            with Tree(root) as tree:
                results[start] = [task(tree, thing) for thing in things[start : start + size]]
        except BaseException as error:  # noqa: BLE001 - it is raised where all are waited for
            failures.append(error)

    share(part, starts)
    if failures:
        raise failures[0]
    return [result for start in starts for result in results[start]]


def share(work: Callable[[Thing], object], things: Sequence[Thing]) -> None:
    """Have this thread, and as many more as there are things and the host makes, do all of them.

    A thread may be refused, or die before its first step where memory is short: this one does
    whatever no other has taken, and waits for what was taken alone.
    """
    locks = [_thread.allocate_lock() for _ in things]
    left = list(zip(things, locks))[::-1]

    def taken() -> None:
        with suppress(IndexError):  # nothing is left
            while True:
                thing, lock = left.pop()
                try:
                    work(thing)
                finally:
                    lock.release()

    for lock in locks:
        lock.acquire()
    with suppress(RuntimeError):  # the host has no more threads for us
        for _ in things[1:]:
            _thread.start_new_thread(taken, ())
    taken()
    for lock in locks:
        lock.acquire()


def flushed(opened: int) -> None:
    """Make an open file durable, and close it."""
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
