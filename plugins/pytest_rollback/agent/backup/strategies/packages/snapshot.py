"""A package as it is installed now, with copies of its configuration files: for a record, or undo.

What a record has more, its archive above all, is looked for by who asks.
"""

from __future__ import annotations

import os

from ....messages.backup.packages import PackagesRequest
from . import archives, conffiles, database
from .database import InstalledPackage
from .recorded import RecordedPackage


def snapshot(
    request: PackagesRequest, package: InstalledPackage, archive: archives.Archive
) -> RecordedPackage:
    """Return a package as it is installed now; its configuration files are kept.

    Raises:
        HostError: a configuration file cannot be kept.
    """
    seen = conffiles.seen(conffiles.with_asides(package.conffiles))
    if not request.dry:
        conffiles.keep(request.location.state, seen.there)
    return RecordedPackage(
        package.name,
        package.version,
        package.architecture,
        os.path.basename(archive.path),
        archive.sha256,
        archive.size,
        package.is_held,
        seen.there,
        seen.absent,
        database.unverified(package.name),
    )


def without_archive(request: PackagesRequest, package: InstalledPackage) -> RecordedPackage:
    """Return a package whose archive is nowhere on this host."""
    return snapshot(request, package, archives.Archive("", "", 0))
