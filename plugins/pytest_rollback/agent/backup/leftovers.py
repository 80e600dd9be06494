"""What a rollback has left to do below the root: files, saved copies and added files, by owner."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..files import state
from ..files.parallel import read_ahead
from ..files.state import ABSENT
from ..files.tree import Tree
from ..messages.location import ComponentFiles
from ..state import backup_set
from .owners import SHARED, Owners
from .verify import orphans

if TYPE_CHECKING:
    from ..files.state import FileState
    from ..state.backup_set import FileEntry

UNREAD = -1
"""No file has this size: none is read."""


def look(question: dict[str, Any]) -> dict[str, Any]:
    """Return for each owner how many `files` are recorded and what is left of the deploy.

    `differ` are live files that are not as recorded, each with how; `copies` recorded saved
    copies that are still there; `left` files that the deploy added and that are still there, of
    `added` recorded ones. Files of the question's `configuration` are told apart from those of
    their owners; `only` names the owners that are looked at. `strays` are saved copies that no
    record knows.

    Raises:
        HostError: there is no record, or it cannot be trusted.
    """
    known, suffix = backup_set.read(question["state"]), question["suffix"]
    found, secrets = Leftovers(question), frozenset(question.get("secrets", ()))
    with Tree(question["root"]) as tree:
        with read_ahead(question["root"], [saved.path for saved in known.files]):
            for saved in known.files:
                group = found.of(saved.path)
                if group is not None:
                    both = state.pair(tree, saved.path, suffix, saved.size)
                    judged(group, backup_set.capped(saved, secrets), both)
        for path in known.added:
            group = found.of(path)
            if group is not None:
                group["added"] += 1
                there = state.pair(tree, path, suffix, UNREAD).live.kind != ABSENT
                group["left"] += [path] if there else []
        stray = orphans(tree.root, suffix, {saved.path + suffix for saved in known.files})
    return {"owners": found.owners, "configuration": found.configuration, "strays": stray}


class Leftovers:
    """What was found so far, by owner, configuration aside."""

    def __init__(self, question: dict[str, Any]) -> None:
        names = [each["name"] for each in question["components"]] + [SHARED]
        self.only = question.get("only") or names
        self.owners = {name: fresh() for name in names if name in self.only}
        self.configuration = fresh()
        components = [
            ComponentFiles(each["name"], each["patterns"]) for each in question["components"]
        ]
        self._names = Owners(components)
        self._files = frozenset(question["configuration"])
        self._source = f"{question['source']}/" if question.get("source") else ""

    def of(self, path: str) -> dict[str, Any] | None:
        """Return where a file belongs; None for one that is not looked at."""
        owner = self._names.of(path)
        if owner not in self.only:
            return None
        unit = self._source and path.startswith(self._source)
        return self.configuration if unit or path in self._files else self.owners[owner]


def fresh() -> dict[str, Any]:
    """Return what is known of a group before anything is looked at."""
    return {"files": 0, "differ": {}, "copies": [], "added": 0, "left": []}


def judged(group: dict[str, Any], saved: FileEntry, found: state.FilePair) -> None:
    """Write down what one recorded file and its saved copy are now."""
    group["files"] += 1
    if found.copy.kind != ABSENT:
        group["copies"].append(saved.path)
    wrong = difference(saved, found.live)
    if wrong:
        group["differ"][saved.path] = wrong


def difference(saved: FileEntry, live: FileState) -> str:
    """Return how a live file is not as recorded, "" when it is."""
    if live.kind == ABSENT:
        return "is missing"
    if not live.is_file:
        return live.detail or f"is a {live.kind}"
    if not live.has_content(saved):
        size = f" ({live.size} bytes, not {saved.size})" if live.size != saved.size else ""
        return f"has other content than the previous release{size}"
    if not live.has_owner(saved):
        kept = f"{saved.uid}:{saved.gid} {saved.mode:04o}"
        return f"is {live.uid}:{live.gid} {live.mode:04o}, recorded as {kept}"
    return ""
