"""A release before it is deployed: its files, filled where they hold placeholders, in a folder."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

from pytest_rollback.errors import UsageError
from pytest_rollback.extras.sandbox.common.recipe import text


@dataclass(frozen=True)
class Placeholders:
    """Which files hold placeholders, what these stand for, and which files hold secrets."""

    patterns: tuple[str, ...]
    words: dict[str, str | int]
    secrets: tuple[str, ...]

    def copy(self, source: Path, destination: Path, name: str) -> None:
        """Copy one file, filled if it is to be, with the mode that a deploy gives it."""
        destination.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        content = source.read_bytes()
        if any(fnmatch(name, pattern) for pattern in self.patterns):
            content = text(content.decode(), self.words).encode()
        destination.unlink(missing_ok=True)
        destination.touch(mode=0o600)
        destination.write_bytes(content)
        destination.chmod(self.mode(source, name))

    def mode(self, source: Path, name: str) -> int:
        """Return the mode of a deployed file: private for what is called like a secret."""
        if PurePosixPath(name).name in {PurePosixPath(secret).name for secret in self.secrets}:
            return 0o600
        return 0o755 if source.stat().st_mode & 0o100 else 0o644


@dataclass(frozen=True)
class ReleaseFiles:
    """A filled folder with the files that a deploy brings, and the release's name."""

    name: str
    folder: Path
    files: tuple[str, ...]

    @classmethod
    def stage(cls, source: Path, folder: Path, filling: Placeholders, version: str) -> ReleaseFiles:
        """Return a release, filled, in a folder of its own.

        Raises:
            UsageError: there is no such folder, or no file in it.
        """
        names = listed(source)
        if not names:
            raise UsageError(
                f"{source} has no release", hint="give the folder with the release's files"
            )
        shutil.rmtree(folder, ignore_errors=True)
        for name in names:
            filling.copy(source / name, folder / name, name)
        label = folder / version
        known = label.read_text(encoding="utf-8").strip() if label.is_file() else source.name
        return cls(known, folder, names)

    def difference(self, root: Path) -> tuple[list[str], list[str]]:
        """Return which files the release changes below a root, and which it adds."""
        there = [name for name in self.files if (root / name).is_file()]
        changed = [
            name
            for name in there
            if (root / name).read_bytes() != (self.folder / name).read_bytes()
        ]
        return changed, [name for name in self.files if name not in set(there)]

    def install(self, root: Path, names: Iterable[str] | None = None) -> None:
        """Copy files below a root: all, or those named."""
        for name in self.files if names is None else names:
            (root / name).parent.mkdir(mode=0o755, parents=True, exist_ok=True)
            (root / name).unlink(missing_ok=True)
            shutil.copy2(self.folder / name, root / name)


def listed(folder: Path) -> tuple[str, ...]:
    """Return the files of a folder, without what Python leaves behind."""
    return tuple(
        sorted(
            str(path.relative_to(folder))
            for path in folder.rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        )
    )
