"""Deploying a release the way the procedure expects it: dump, backups, files, units, restart."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_rollback.agent.backup import save
from pytest_rollback.agent.errors import HostError
from pytest_rollback.agent.messages.location import Release
from pytest_rollback.errors import Refused
from pytest_rollback.sandbox.common.release import ReleaseFiles, wish

if TYPE_CHECKING:
    from pytest_rollback.sandbox.local.site import Site


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
        save.save(wish(site.document, changed, added, Release(*previous), Release(*current)))
    except HostError as problem:
        raise Refused(problem.message, hint=problem.hint) from problem
