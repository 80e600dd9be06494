"""Releases in directories of their own, behind the link `current`: how a sandbox deploys those."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from pytest_rollback.agent.messages.location import Release
from pytest_rollback.errors import Refused
from pytest_rollback.extras.sandbox.common.deploy import backups, staged
from pytest_rollback.extras.sandbox.common.release import ReleaseFiles
from pytest_rollback.extras.sandbox.common.site import Site

CURRENT = "current"
RELEASES = "releases"
SHARED = "shared"
"""What all releases share: each has a link `data` to it."""


def begin(site: Site, first: ReleaseFiles) -> None:
    """Install the first release, and lead the link to it."""
    root = site.layout.root
    (root / RELEASES).mkdir(mode=0o755)
    (root / SHARED).mkdir(mode=0o755)
    installed(site, first, None)
    (root / CURRENT).symlink_to(f"{RELEASES}/{first.name}")


def installed(site: Site, release: ReleaseFiles, over: Path | None) -> Path:
    """Make the directory of a release: what another one has, and its own files over that."""
    place = site.layout.root / RELEASES / release.name
    if over:
        pattern = shutil.ignore_patterns("__pycache__")
        shutil.copytree(over, place, symlinks=True, ignore=pattern)
    else:
        place.mkdir(mode=0o755)
        (place / "data").symlink_to(os.path.relpath(site.layout.root / SHARED, place))
    release.install(place)
    return place


def deploy(site: Site, source: Path) -> str:
    """Bring a release into a directory of its own, lead the link to it, and return its name.

    Raises:
        Refused: it is deployed already, or cannot be recorded.
        Unfinished: it does not become healthy.
    """
    release, name, root = staged(site, source), site.release(), site.layout.root
    if release.name == name or (root / RELEASES / release.name).exists():
        raise Refused(
            f"release {release.name} is deployed already",
            hint=f"rollback sandbox reset{site.flag}, or give the folder of another release",
        )
    site.dump()
    installed(site, release, (root / CURRENT).resolve())
    releases = Release(name, None), Release(release.name, None)
    site.save(backups(site.system, [], [], *releases))
    site.stop()
    fresh = root / f".{CURRENT}"
    fresh.symlink_to(f"{RELEASES}/{release.name}")
    fresh.replace(root / CURRENT)
    site.install_units()
    shutil.rmtree(release.folder)
    site.start_healthy()
    return release.name
