"""The last healthy state, kept as a plain copy, so that a sandbox is quickly as it was."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from pytest_rollback.extras.sandbox.local.site import OWN

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_rollback.extras.sandbox.local.site import LocalSite


def kept(site: LocalSite) -> tuple[Path, ...]:
    """Return the directories that are kept."""
    layout = site.layout
    return (layout.root, layout.state, layout.units, layout.www, layout.dumps)


def take(site: LocalSite) -> None:
    """Keep how everything is now."""
    for place in kept(site):
        copy(place, site.layout.pristine / place.name)
    site.postgres.dump(site.database, site.layout.pristine / "database.sql", "--create")


def bring_back(site: LocalSite) -> None:
    """Restore the saved state, and start the units."""
    site.stop()
    site.manager.start(OWN)
    with ThreadPoolExecutor(1) as beside:
        database = beside.submit(_database, site)
        for place in kept(site):
            copy(site.layout.pristine / place.name, place)
        site.manager.reload()
        site.manager.forget_logs(site.units)
        database.result()
    site.start_together()


def _database(site: LocalSite) -> None:
    """Bring the database back; its server may have to come up first."""
    site.postgres.wait()
    site.postgres.bring_back(site.database, site.layout.pristine / "database.sql")


def copy(source: Path, destination: Path) -> None:
    """Make a directory an exact copy of another one."""
    shutil.rmtree(destination, ignore_errors=True)
    shutil.copytree(source, destination, symlinks=True, dirs_exist_ok=True)
