"""Deploying a release the way the procedure expects it: dump, backups, files, units, restart."""

from __future__ import annotations

import getpass
import shutil
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from pytest_rollback.agent.backup import save
from pytest_rollback.agent.errors import HostError
from pytest_rollback.errors import Refused, UsageError
from pytest_rollback.sandbox.common.recipe import text

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_rollback.sandbox.local.site import Site
if TYPE_CHECKING:
    from collections.abc import Iterable


def first(site: Site, source: Path) -> ReleaseFiles:
    """Install the very first release: everything below the root."""
    release = ReleaseFiles.stage(
        source, site.layout.directory / "incoming", site.filling, site.recipe.table.version
    )
    release.install(site.layout.root)
    site.install_units()
    return release


def deploy(site: Site, source: Path) -> str:
    """Bring a release onto the running system and return its name.

    Raises:
        Refused: nothing would change, or the backups cannot be made.
        Unfinished: the release does not become healthy.
    """
    incoming = site.layout.directory / "incoming"
    release = ReleaseFiles.stage(source, incoming, site.filling, site.recipe.table.version)
    changed, added = release.difference(site.layout.root)
    from_ = site.release()
    if release.name == from_ or not changed + added:
        raise Refused(
            f"release {release.name} is deployed already",
            hint="scripts/sandbox reset, or give the folder of another release",
        )
    parent = site.history.commit(from_) or site.history.git("rev-parse", "HEAD")
    commit = site.history.record(release.name, release.folder, parent)
    site.postgres.dump(site.database, dump_path(site))
    save_backups(site, changed, added, (from_, parent), (release.name, commit))
    site.stop()
    release.install(site.layout.root, changed + added)
    site.install_units()
    site.history.move_to(commit)
    shutil.rmtree(incoming)
    site.manager.reload()
    site.start_in_order()
    return release.name


def dump_path(site: Site) -> Path:
    """Return where the manifest wants the dump."""
    return site.layout.dumps / str(site.document["database"]["dump"]).rpartition("/")[2]


def save_backups(
    site: Site,
    changed: list[str],
    added: list[str],
    previous: tuple[str, str],
    current: tuple[str, str],
) -> None:
    """Save what the deploy is about to change, before it does.

    Raises:
        Refused: something speaks against it; nothing was changed.
    """
    try:
        save.save(wish(site.document, changed, added, previous, current))
    except HostError as problem:
        raise Refused(problem.message, hint=problem.hint) from problem


def wish(
    document: dict[str, Any],
    changed: list[str],
    added: list[str],
    previous: tuple[str, str],
    current: tuple[str, str],
) -> dict[str, Any]:
    """Return the question that has backups saved; releases are a name and a commit each."""
    about: dict[str, Any] = document["system"]
    return {
        "system": about["name"],
        "root": about["root"],
        "state": about["state"],
        "suffix": about.get("suffix", ".backup"),
        "user": about.get("user", ""),
        "by": getpass.getuser(),
        "previous": dict(zip(("name", "commit"), previous, strict=True)),
        "current": dict(zip(("name", "commit"), current, strict=True)),
        "files": changed,
        "added": added,
        "replace": True,  # a deploy over a deploy, or again after a rollback
    }


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
                f"{source} holds no release", hint="give the folder with the release's files"
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
