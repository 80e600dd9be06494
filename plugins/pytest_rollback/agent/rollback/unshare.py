"""Saved copies that share their bytes with the live files: made files of their own again.

Where names were exchanged the saved copy is the restored file. Before anything starts that might
write in place each copy gets bytes of its own, durable, under the same name. Where there is no
room for that it is said, and left.
"""

from __future__ import annotations

import contextlib
import errno
import os
from typing import Any, Iterator

from ..errors import HostError
from ..files.fsync import flushed
from ..files.tree import Irregular, Tree, open_regular
from ..restore import commit, revert, stage
from ..restore.commit import BatchContext
from ..restore.plan import PlanItem
from ..restore.revert import JOURNALS
from ..state.journal import entries
from ..state.lock import folder_of, working
from ..state.progress import CHANGES

FULL = {errno.ENOSPC, errno.EDQUOT}
PARTING = "separate"


def look(question: dict[str, Any]) -> dict[str, Any]:
    """Return the `shared` files of the question's run; `left` are those there was no `room` for."""
    folder = folder_of(question)
    written = entries(os.path.join(folder, CHANGES)) if folder else []
    said = [each for each in written if each["event"] == f"{PARTING} done"]
    full = bool(said) and not said[-1]["room"]
    paths = [item.saved.path for _, items in shared(question) for item in items]
    return {"shared": [] if full else paths, "room": not full, "left": paths if full else []}


def shared(question: dict[str, Any]) -> Iterator[tuple[BatchContext, list[PlanItem]]]:
    """Yield the files of each exchange whose saved copies are the live files themselves."""
    folder = folder_of(question)
    for part, name in JOURNALS.items() if folder else ():
        written = entries(os.path.join(folder or "", name))
        ways = [each["way"] for each in written if each["event"] == "way"]
        for number, items in enumerate(revert.plans(written)):
            if ways[number : number + 1] == [commit.EXCHANGE]:
                place = revert.place({**question, "part": part}, number)
                with Tree(place.root) as tree:
                    yield place, [each for each in items if _is_shared(place, tree, each)]


def _is_shared(place: BatchContext, tree: Tree, item: PlanItem) -> bool:
    try:
        directory, name = tree.parent(item.saved.path)
        live = os.stat(name, dir_fd=directory, follow_symlinks=False)
        copy = os.stat(name + place.suffix, dir_fd=directory, follow_symlinks=False)
    except (OSError, Irregular):
        return False
    return (live.st_dev, live.st_ino) == (copy.st_dev, copy.st_ino)


def part(question: dict[str, Any]) -> dict[str, Any]:
    """Give every shared saved copy bytes of its own; return how many, and whether there was `room`.

    Raises:
        HostError: the host failed half way; every copy is there, the same call again goes on.
    """
    with working(question) as work:
        number, room = 0, True
        for place, items in shared(question):
            work.journal.add(PARTING, number=len(items))
            try:
                place.each(_written, items)
                place.each(_flushed, items, waits=True)
                place.each(_named, items)
                place.settle(items)
                number += len(items)
            except HostError as problem:
                if getattr(problem.__cause__, "errno", None) not in FULL:
                    raise
                place.each(_forgotten, items)
                room = False
        work.journal.add(f"{PARTING} done", room=room)
    return {"separated": number, "room": room}


def _written(place: BatchContext, tree: Tree, item: PlanItem) -> None:
    directory, name = tree.parent(item.saved.path)
    source = open_regular(directory, name + place.suffix)
    try:
        new, _ = place.names(item.saved.path)
        stage.written(place, item, source, (directory, new))
    finally:
        os.close(source)


def _flushed(place: BatchContext, tree: Tree, item: PlanItem) -> None:
    directory, _ = tree.parent(item.saved.path)
    new, _ = place.names(item.saved.path)
    flushed(open_regular(directory, new))


def _named(place: BatchContext, tree: Tree, item: PlanItem) -> None:
    directory, name = tree.parent(item.saved.path)
    new, _ = place.names(item.saved.path)
    os.rename(new, name + place.suffix, src_dir_fd=directory, dst_dir_fd=directory)


def _forgotten(place: BatchContext, tree: Tree, item: PlanItem) -> None:
    directory, _ = tree.parent(item.saved.path)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(place.names(item.saved.path)[0], dir_fd=directory)
