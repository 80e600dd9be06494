"""What a record has of packages, before a deploy installs others: all that it takes, or nothing."""

from __future__ import annotations

from typing import Optional

from ....errors import HostError
from ....messages.backup.packages import PackagesRequest
from ....messages.backup.strategies import RecordedPart
from . import archives, coming, database, pool, recorded
from .database import InstalledPackage
from .recorded import RecordedPackage
from .snapshot import snapshot


def record(request: PackagesRequest) -> RecordedPart:
    """Return what a record has of the packages as they are installed now; their archives are kept.

    Raises:
        HostError: a package is not installed, is broken, or something of it cannot be kept; or we
            are not root.
    """
    database.refuse_others()
    by = database.holder()
    if by:
        raise HostError(
            f"packages are being changed: {by}",
            "wait for it, then run the same command again: fuser -v /var/lib/dpkg/lock-frontend",
            "held",
        )
    found = database.packages(request.names)
    made = [_recorded(request, _installed(name, found.get(name))) for name in request.names]
    if not request.dry:
        pool.prune(request, made)
    words = "; ".join(each.words for each in made)
    return RecordedPart(
        recorded.text(made),
        len(made) + sum(len(each.conffiles) for each in made),
        sum(each.size for each in made),
        words,
        made[0].version,
    )


def _installed(name: str, found: Optional[InstalledPackage]) -> InstalledPackage:
    """Return a package that can be recorded.

    Raises:
        HostError: it is not installed, or only half.
    """
    if found is None or found.state in ("not-installed", "config-files"):
        raise HostError(
            f"{name} is not installed: there is no version of it to go back to",
            f"correct packages of [release] in rollback.toml; see 'dpkg --list {name}'",
        )
    if not found.is_whole:
        raise HostError(
            f"{found.words} is not installed as a whole: it is no version to go back to",
            f"dpkg --configure {name}, or: apt-get install --reinstall {name}; then run the same "
            "command again",
        )
    return found


def _recorded(request: PackagesRequest, package: InstalledPackage) -> RecordedPackage:
    archive = archives.kept(request, package)
    return snapshot(request, package, archive)._replace(coming=coming.kept(request, package))
