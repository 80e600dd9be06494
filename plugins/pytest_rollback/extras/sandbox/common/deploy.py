"""Deploying a release the way the procedure expects it: dump, backups, files, units, restart."""

from __future__ import annotations

import getpass
import shutil
from pathlib import Path

from pytest_rollback.agent.messages.backup.save import SaveRequest
from pytest_rollback.agent.messages.location import Release
from pytest_rollback.errors import Refused
from pytest_rollback.extras.sandbox.common.release import ReleaseFiles
from pytest_rollback.extras.sandbox.common.site import Site
from pytest_rollback.manifest import requests
from pytest_rollback.manifest.model import System


def staged(site: Site, source: Path) -> ReleaseFiles:
    """Return the files of a folder as this site gets them, in a folder beside its root."""
    incoming = site.layout.directory / "incoming"
    return ReleaseFiles.stage(source, incoming, site.filling, site.recipe.table.version)


def deploy(site: Site, source: Path) -> str:
    """Bring a release onto the running system and return its name.

    Raises:
        Refused: nothing would change, or the backups cannot be made.
        Unfinished: the release does not become healthy.
    """
    site.fetch()
    release, name = staged(site, source), site.release()
    changed, added = release.difference(site.layout.root)
    if release.name == name or not changed + added:
        raise Refused(
            f"release {release.name} is deployed already",
            hint=f"rollback sandbox reset{site.flag}, or give the folder of another release",
        )
    parent = site.history.commit(name) or site.history.git("rev-parse", "HEAD")
    commit = site.history.record(release.name, release.folder, parent)
    site.put_history()
    site.dump()
    releases = Release(name, parent), Release(release.name, commit)
    site.save(backups(site.system, changed, added, *releases))
    site.stop()
    site.put(release.folder, changed + added)
    site.history.move_to(commit)
    site.put_history()
    site.install_units()
    shutil.rmtree(release.folder)
    site.start_healthy()
    return release.name


def backups(
    system: System, changed: list[str], added: list[str], previous: Release, current: Release
) -> SaveRequest:
    """Return the request that saves what a deploy is about to change; paths are below the root."""
    about = system.about
    return SaveRequest(
        location=requests.location(system),
        system=about.name,
        user=about.user,
        by=getpass.getuser(),
        previous=previous,
        current=current,
        files=tuple(changed),
        added=tuple(added),
        replace=True,  # a deploy over a deploy, or again after a rollback
        keep=system.release.sets,
    )
