"""A small release on disk and the requests that a deploy would make about it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from pytest_rollback.agent.backup import save as backup_save
from pytest_rollback.agent.backup import verify
from pytest_rollback.agent.messages.backup.save import SaveRequest, SaveResult
from pytest_rollback.agent.messages.backup.verify import Backups, BackupsRequest
from pytest_rollback.agent.messages.location import ComponentFiles, Location, Release, Selection

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

FILES = {
    "core/gateway/server.py": "def app(): return 'good'\n",
    "core/mesh/mesh.py": "PEERS = 2\n",
    "config/.env": "TOKEN=abc\n",
}


def saving(root: Path, state: Path, files: Iterable[str], **different: Any) -> SaveRequest:  # noqa: ANN401
    """Return the request to save files of a release `1` before `2` is deployed."""
    place: dict[str, Any] = {"suffix": ".backup"}
    place |= {key: different.pop(key) for key in Location._fields if key in different}
    location = Location(**{"root": str(root), "state": str(state), **place})
    previous, current = Release("1", None), Release("2", None)
    request = SaveRequest(location, "shop", "", "deploy", previous, current, tuple(files), ())
    return request._replace(**{key: frozen(value) for key, value in different.items()})


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

    @property
    def location(self) -> Location:
        """Where it lies."""
        return Location(str(self.root), str(self.state), ".backup")

    def request(self, **different: Any) -> SaveRequest:  # noqa: ANN401 - any field of it
        """Return the request to `backups.save`; root, state and suffix may differ as well."""
        releases = {"previous": Release("v1", None), "current": Release("v2", None)}
        usual = {"root": str(self.root), "state": str(self.state), "files": FILES, **releases}
        return saving(**{**usual, "added": ["core/new.py"], **different})

    def save(self, **different: Any) -> SaveResult:  # noqa: ANN401 - as above
        """Save what the deploy is about to change."""
        return backup_save.save(self.request(**different))

    def overwrite(self) -> None:
        """Do what the deploy does next: put the new release in place."""
        for path in FILES:
            self.put(path, f"# v2 of {path}\n")

    def look(self, **different: Any) -> Backups:  # noqa: ANN401 - any field of a request
        """Return the answer of `backups.look`; fields of its location and selection may differ."""
        patterns = {"gateway": ("core/gateway/**",), "mesh": ("core/mesh/*.py",)}
        components = tuple(ComponentFiles(*each) for each in patterns.items())
        different = {key: frozen(value) for key, value in different.items()}
        place = {key: different.pop(key) for key in Location._fields if key in different}
        user = different.pop("user", "")
        location = self.location._replace(**place)
        selection = Selection(components)._replace(**different)
        return verify.look(BackupsRequest(location, selection, user))

    def faults(self, **different: object) -> list[tuple[str, str, str]]:
        """Return every fault that is found: owner, path, fault."""
        found = self.look(**different).components
        return [
            (name, each.path, each.fault) for name, entry in found.items() for each in entry.faults
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


def frozen(value: Any) -> Any:  # noqa: ANN401 - a list becomes a tuple, all else stays
    """Return a value as it stands in a request."""
    return tuple(value) if isinstance(value, list) else value


def _facts(path: Path) -> tuple[object, ...]:
    found = path.lstat()
    content = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
    kept = 0 if path.is_dir() else found.st_mtime_ns
    return (found.st_mode, found.st_uid, found.st_gid, kept, found.st_ino, content)
