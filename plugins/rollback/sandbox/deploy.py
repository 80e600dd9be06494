"""Deploying a release the way the procedure expects it: dump, backups, files, units, restart."""

from __future__ import annotations

import getpass
import shutil
from typing import TYPE_CHECKING, Any

from rollback.agent import saving
from rollback.agent.problem import Problem
from rollback.errors import Refused
from rollback.sandbox.release import Release

if TYPE_CHECKING:
    from pathlib import Path

    from rollback.sandbox.site import Site


def first(site: Site, source: Path) -> Release:
    """Install the very first release: everything below the root."""
    release = Release.stage(
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
    release = Release.stage(source, incoming, site.filling, site.recipe.table.version)
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
        saving.save(wish(site.document, changed, added, previous, current))
    except Problem as problem:
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
