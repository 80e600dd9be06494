"""What waits for the disk is done by a few threads at a time.

Nothing else is: Python's threads take turns, and many that write and hash are slower than one.
"""

from __future__ import annotations

import os
from itertools import takewhile
from typing import TYPE_CHECKING, Callable, Sequence, TypeVar

from .tree import Tree

if TYPE_CHECKING:
    from threading import Thread

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
    from threading import Thread as Worker  # noqa: PLC0415 - few requests need it

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

    threads = [Worker(target=part, args=(start,), daemon=True) for start in starts]
    begun = list(takewhile(_started, threads))
    for start in starts[len(begun) :]:
        part(start)
    for thread in begun:
        thread.join()
    if failures:
        raise failures[0]
    return [result for start in starts for result in results[start]]


def _started(thread: Thread) -> bool:
    """Start a thread; tell whether this host has one more for us."""
    try:
        thread.start()
    except RuntimeError:
        return False
    return True


def flushed(opened: int) -> None:
    """Make an open file durable, and close it."""
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
