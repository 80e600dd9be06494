"""A small release on disk and the questions a deploy would ask about it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from pytest_rollback.agent.backup import save as backup_save
from pytest_rollback.agent.backup import verify

if TYPE_CHECKING:
    from pathlib import Path

FILES = {
    "core/gateway/server.py": "def app(): return 'good'\n",
    "core/mesh/mesh.py": "PEERS = 2\n",
    "config/.env": "TOKEN=abc\n",
}


class Deploy:
    """A root with the files of release v1, about to become v2."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.root = place / "root"
        self.state = place / "var" / "state"
        for path, text in FILES.items():
            self.put(path, text)

    def put(self, path: str, text: str) -> Path:
        """Write one live file and return where it is."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def copy(self, path: str) -> Path:
        """Return where the saved copy of a file is."""
        return self.root / f"{path}.backup"

    def question(self, **different: object) -> dict[str, Any]:
        """Return the question to `backups.save`."""
        return {
            "root": str(self.root),
            "state": str(self.state),
            "suffix": ".backup",
            "user": "",
            "system": "shop",
            "previous": {"name": "v1", "commit": None},
            "current": {"name": "v2", "commit": None},
            "files": list(FILES),
            "added": ["core/new.py"],
            "by": "deploy",
            "replace": False,
        } | different

    def save(self, **different: object) -> dict[str, Any]:
        """Save what the deploy is about to change."""
        return backup_save.save(self.question(**different))

    def overwrite(self) -> None:
        """Do what the deploy does next: put the new release in place."""
        for path in FILES:
            self.put(path, f"# v2 of {path}\n")

    def look(self, **different: object) -> dict[str, Any]:
        """Return the answer of `backups.look`."""
        components = [
            {"name": "gateway", "patterns": ["core/gateway/**"]},
            {"name": "mesh", "patterns": ["core/mesh/*.py"]},
        ]
        question = {
            "root": str(self.root),
            "state": str(self.state),
            "suffix": ".backup",
            "user": "",
            "components": components,
            "git": None,
        }
        return verify.look(question | different)

    def faults(self, **different: object) -> list[tuple[str, str, str]]:
        """Return every fault that is found: owner, path, fault."""
        found = self.look(**different)["components"]
        return [
            (name, each["path"], each["fault"])
            for name, entry in found.items()
            for each in entry["faults"]
        ]

    def everything(self) -> dict[str, tuple[object, ...]]:
        """Return all below the place: kind, mode, owner, mtime and bytes of each path."""
        return {
            os.path.relpath(path, self.place): _facts(path)
            for path in sorted(self.place.rglob("*"))
        }

    def live(self) -> dict[str, tuple[object, ...]]:
        """Return the same of the live files alone."""
        return {path: _facts(self.root / path) for path in FILES}


def _facts(path: Path) -> tuple[object, ...]:
    found = path.lstat()
    content = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
    kept = 0 if path.is_dir() else found.st_mtime_ns
    return (found.st_mode, found.st_uid, found.st_gid, kept, found.st_ino, content)
