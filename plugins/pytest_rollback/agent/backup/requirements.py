"""What a rollback of this very backup set needs of its host: places to write, and room."""

from __future__ import annotations

import contextlib
import os
from typing import Any, Dict, Iterable, Iterator, List

from ..configuration import check
from ..state import backup_set
from ..system import tools
from ..system.disk import look as rooms
from . import git

BLOCK = 4096
LINE = 1024
"""Bytes that the journal and the record of a run have for each file; measured, and doubled."""

MOST_LOG = 8 << 20
"""Bytes of each log that a run keeps as evidence, at most."""


def rights(question: dict[str, Any]) -> dict[str, Any]:
    """Return how many paths a rollback would replace, and why some of them cannot be.

    Recorded files, their copies and added files; unit files where they are installed; the state
    directory; and the question's own `paths`, such as that of the maintenance page.

    Raises:
        HostError: there is no record that can be used.
    """
    known, root = backup_set.read(question["state"]), question["root"]
    names = [saved.path for saved in known.files]
    wanted = [f"{root}/{name}{end}" for name in names for end in ("", question["suffix"])]
    wanted += [f"{root}/{name}" for name in known.added]
    wanted += installed(names, question.get("source"), question.get("directory"))
    wanted += [f"{question['state']}/run", *question.get("paths", ())]
    return {"paths": len(wanted), "denied": tools.rights({"paths": wanted})}


def installed(names: Iterable[str], source: str | None, directory: str | None) -> list[str]:
    """Return where the unit files among these are installed."""
    inside = [name for name in names if source and os.path.dirname(name) == source]
    return [f"{directory}/{os.path.basename(name)}" for name in inside]


def space(question: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what each file system has to hold during a rollback, and whether it can.

    Beside each file a new one is staged; its failed version, its copy and what the deploy added
    become evidence in the state directory, with `configuration`, `logs` and the journal.

    Raises:
        HostError: there is no record that can be used.
    """
    known, root, state = backup_set.read(question["state"]), question["root"], question["state"]
    names = [saved.path for saved in known.files]
    needs = Requirements()
    for saved in known.files:
        needs.add(f"{root}/{os.path.dirname(saved.path)}", saved.size)
        needs.add(state, saved.size)
    evidence = (*names, *known.added, *question["configuration"])
    for size in sizes(f"{root}/{name}" for name in evidence):
        needs.add(state, size)
    for size in sizes(question["logs"]):
        needs.add(state, min(size, MOST_LOG))
    needs.add(state, LINE * (64 + len(names)))
    for path in question.get("paths", ()):
        needs.add(path, BLOCK)
    return rooms({"needs": needs.listed()})


class Requirements:
    """What is to be written into each directory: whole blocks and inodes."""

    def __init__(self) -> None:
        self._found: Dict[str, List[int]] = {}

    def add(self, directory: str, size: int) -> None:
        """Add one file."""
        sums = self._found.setdefault(directory, [0, 0])
        sums[0] += -(-size // BLOCK) * BLOCK
        sums[1] += 1

    def listed(self) -> list[dict[str, Any]]:
        """Return the sums as `space.look` wants them."""
        return [
            {"path": directory, "bytes": sums[0], "inodes": sums[1]}
            for directory, sums in self._found.items()
        ]


def sizes(names: Iterable[str]) -> Iterator[int]:
    """Yield the size of each of these files that is there."""
    for name in names:
        with contextlib.suppress(OSError):
            yield os.stat(name, follow_symlinks=False).st_size


def look(question: dict[str, Any]) -> dict[str, Any]:
    """Return, for each fallback, how many files it has to hold, and why some are not held.

    `git`: the previous release's commit, for recorded files that are not `configuration`; None
    where the record names no commit. `defaults`: a directory, for configuration files.

    Raises:
        HostError: no record, no repository, or no such commit in it.
    """
    return {
        "git": repository(question) if question.get("repository") else None,
        "defaults": defaults(question) if question.get("defaults") else None,
    }


def repository(question: dict[str, Any]) -> dict[str, Any]:
    """Return what the previous release's commit lacks."""
    known, kept_apart = backup_set.read(question["state"]), set(question["configuration"])
    wanted = [saved.path for saved in known.files if saved.path not in kept_apart]
    commit = known.previous.commit
    if not commit:
        return {"commit": None, "files": len(wanted), "lacking": {}}
    asked = {"repository": question["repository"], "commit": commit, "paths": wanted}
    return {"commit": commit, "files": len(wanted), "lacking": git.holds(asked)}


def defaults(question: dict[str, Any]) -> dict[str, Any]:
    """Return which configuration files have no default that could be read."""
    directory = f"{question['root']}/{question['defaults']}"
    asked = {
        name: check.problem({"path": f"{directory}/{os.path.basename(name)}"}, "")
        for name in question["configuration"]
    }
    return {"files": len(asked), "lacking": {name: why for name, why in asked.items() if why}}
