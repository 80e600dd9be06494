"""Live roots with a broken release in place and backups beside it, for trials."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from pytest_rollback.agent.messages.location import Location
from pytest_rollback.agent.messages.trial import (
    Trial,
    TrialComponent,
    TrialConstruct,
    TrialRequest,
)
from pytest_rollback.agent.observe.trial import trial

if TYPE_CHECKING:
    from pathlib import Path


APP = TrialComponent("app", sys.executable, ".", {}, (), (), ())


def construct(call: str, limit: float = 0.1, **arguments: object) -> TrialConstruct:
    """Return a call that is tried."""
    return TrialConstruct(call, json.dumps(arguments), limit)


class Tree:
    """A live root with a broken release in place and backups beside it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.files: list[str] = []
        self.added: list[str] = []

    def write(self, path: str, content: str) -> Path:
        """Write a file that the deploy did not touch."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
        return file

    def changed(self, path: str, live: str, saved: str) -> None:
        """Write a file that the deploy changed, and its backup."""
        self.write(path, live)
        self.write(path + ".backup", saved)
        self.files.append(path)

    def deployed(self, path: str, content: str) -> None:
        """Write a file that the deploy added."""
        self.write(path, content)
        self.added.append(path)

    def request(self, *components: TrialComponent, **different: Any) -> TrialRequest:  # noqa: ANN401
        """Return the request to try components in the restored tree."""
        location = Location(str(self.root), "/nowhere", ".backup")
        files, added = tuple(self.files), tuple(self.added)
        request = TrialRequest(location, "", 20.0, components, files=files, added=added)
        return request._replace(**different)

    def try_(self, *, live: bool = False, **component: Any) -> Trial:  # noqa: ANN401
        """Try one component; `user` and `timeout` are those of the request."""
        different = {key: component.pop(key) for key in ("user", "timeout") if key in component}
        if live:
            different |= {"live": True, "files": (), "added": ()}
        return trial.look(self.request(APP._replace(**component), **different))

    def imports(self, name: str, *, live: bool = False, **component: Any) -> str | None:  # noqa: ANN401
        """Return the problem of one import."""
        found = self.try_(live=live, imports=(name,), **component)
        return found.components["app"].imports[name]

    def listing(self) -> list[tuple[str, int, int, int]]:
        """Return every path below the root, with what a write would change."""
        return sorted(
            (str(path), state.st_mtime_ns, state.st_ctime_ns, state.st_size)
            for path in (self.root, *self.root.rglob("*"))
            for state in (path.lstat(),)
        )
