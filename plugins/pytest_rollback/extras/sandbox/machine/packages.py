"""Releases that are packages of Debian: how a machine builds and deploys those.

What a deploy brings is laid over a tree in the machine, and packed there: so a package has all
files of its release, and a bad release is a package as well.
"""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path
from typing import Protocol

from pytest_rollback.agent.messages.location import Release
from pytest_rollback.errors import Refused
from pytest_rollback.extras.sandbox.common.deploy import backups, staged
from pytest_rollback.extras.sandbox.common.release import ReleaseFiles
from pytest_rollback.extras.sandbox.common.site import Site
from pytest_rollback.extras.sandbox.machine.podman import Container

TREE = "/srv/package"
"""Where the files of a package lie in the machine before it is packed."""

UNITS = "/lib/systemd/system"
"""Where a package of Debian brings its units."""


class PackagedSite(Site, Protocol):
    """A machine whose releases are packages."""

    @property
    def container(self) -> Container:
        """The container that it is."""
        ...

    def copy(self, folder: Path, names: tuple[str, ...], to: str) -> None:
        """Copy files or folders below a directory; they belong to the service user."""


def begin(site: PackagedSite, first: ReleaseFiles) -> None:
    """Install the first release."""
    tree = f"{TREE}{site.system.about.root}"
    site.container.run("mkdir", "-p", tree, f"{TREE}{UNITS}", f"{TREE}/DEBIAN", _archives(site))
    site.copy(first.folder, first.files, tree)
    install(site, build(site))


def build(site: PackagedSite) -> str:
    """Pack the tree, and return the path of the archive; its version is the release's name."""
    system, root = site.system, site.system.about.root
    name = system.release.packages[0]
    services = site.recipe.base.get("services")
    units = f".{root}/{services.get('source') if isinstance(services, dict) else '.'}"
    version = f'"$(cat .{root}/{site.recipe.table.version})"'
    control = (
        f"Package: {name}\\nVersion: %s\\nArchitecture: all\\nDescription: a sandbox\\n"
        f"Maintainer: {system.about.name} <root@localhost>\\n"
    )
    settings = [f"{root}/{path}" for path in system.configuration.files]
    others = " ".join(f"! -path .{path}" for path in settings)
    script = f"""
set -eu
cd {TREE}
cp {units}/*.service .{UNITS}/
printf {shlex.quote(control)} {version} > DEBIAN/control
printf '%s\\n' {" ".join(settings)} > DEBIAN/conffiles
find . -path ./DEBIAN -prune -o -type f {others} -printf '%P\\0' | xargs -0 md5sum > DEBIAN/md5sums
dpkg-deb -Znone --build . {_archives(site)} >&2
echo {_archives(site)}/{name}_{version}_all.deb
"""
    return site.container.run("sh", "-c", script).strip()


def install(site: PackagedSite, archive: str) -> None:
    """Install an archive with the configuration files that it has."""
    site.container.run("dpkg", "--force-confnew", "--install", archive)


def deploy(site: PackagedSite, source: Path) -> str:
    """Install a release over the one that runs, record that one before, and return its name.

    Raises:
        Refused: it is deployed already, or cannot be recorded.
        Unfinished: it does not become healthy.
    """
    release, name = staged(site, source), site.release()
    if release.name == name:
        raise Refused(
            f"release {release.name} is deployed already",
            hint=f"rollback sandbox reset{site.flag}, or give the folder of another release",
        )
    site.dump()
    site.copy(release.folder, release.files, f"{TREE}{site.system.about.root}")
    archive = build(site)
    releases = Release("", None), Release(release.name, None)
    site.save(backups(site.system, [], [], *releases))
    site.stop()
    install(site, archive)
    site.install_units()
    shutil.rmtree(release.folder)
    site.start_healthy()
    return release.name


def _archives(site: Site) -> str:
    """Return where the archives are, as a repository of one's own would have them."""
    return site.system.release.sources[0]
