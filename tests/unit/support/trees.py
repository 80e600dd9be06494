"""Live roots with a broken release in place and backups beside it, for trials."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from pytest_rollback.agent.observe.trial import trial

if TYPE_CHECKING:
    from pathlib import Path


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

    def try_(self, *, live: bool = False, **component: object) -> dict[str, Any]:
        """Try one component."""
        return trial.look(
            {
                "root": str(self.root),
                "state": "/nowhere",
                "suffix": ".backup",
                "user": component.pop("user", ""),
                "files": [] if live else self.files,
                "added": [] if live else self.added,
                "live": live,
                "timeout": component.pop("timeout", 20.0),
                "components": [
                    {"name": "app", "interpreter": sys.executable, "directory": ".", **component}
                ],
            }
        )

    def imports(self, name: str, *, live: bool = False, **component: object) -> str | None:
        """Return the problem of one import."""
        found = self.try_(live=live, imports=[name], **component)["components"]["app"]["imports"][
            name
        ]
        assert found is None or isinstance(found, str)
        return found

    def listing(self) -> list[tuple[str, int, int, int]]:
        """Return every path below the root, with what a write would change."""
        return sorted(
            (str(path), state.st_mtime_ns, state.st_ctime_ns, state.st_size)
            for path in (self.root, *self.root.rglob("*"))
            for state in (path.lstat(),)
        )
