"""Is a package as recorded? The one place where that is decided: readiness, plan and validation."""

from __future__ import annotations

from typing import Iterator, List, NamedTuple, Optional, Tuple

from . import conffiles, database
from .conffiles import ConffileSet
from .database import InstalledPackage
from .recorded import RecordedPackage


class PackageDifference(NamedTuple):
    """How a package is not as recorded, in words.

    `package` is what an installation puts right, `conffiles` and `hold` what comes after it.
    """

    package: List[str]
    conffiles: List[str]
    hold: List[str]

    @property
    def words(self) -> List[str]:
        """All of it."""
        return [*self.package, *self.conffiles, *self.hold]


def difference(
    known: RecordedPackage, now: Optional[InstalledPackage], others: Tuple[str, ...] = ()
) -> PackageDifference:
    """Return how a package is not as recorded; `others` are conffiles that should not be there."""
    wanted = ConffileSet(known.conffiles, tuple(dict.fromkeys((*known.absent, *others))))
    found = conffiles.differing(wanted)
    files = [f"/{path} {why}" for path, why in found if not conffiles.is_aside(path)]
    if now is None:
        return PackageDifference(["it is not installed"], files, [])
    return PackageDifference(list(_package(known, now)), files, _hold(known, now))


def _package(known: RecordedPackage, now: InstalledPackage) -> Iterator[str]:
    if (now.version, now.architecture) != (known.version, known.architecture):
        yield f"version {now.version} ({now.architecture}) is installed"
    elif not now.is_whole:
        yield f"dpkg has it as {now.want} {now.error} {now.state}"
    else:
        fresh = (each for each in database.unverified(now.name) if each not in known.unclean)
        yield from (f"not as shipped: {each}" for each in fresh)


def _hold(known: RecordedPackage, now: InstalledPackage) -> List[str]:
    if known.held == now.is_held:
        return []
    return ["it was on hold, and is not" if known.held else "it is on hold, and was not"]


def strangers(known: RecordedPackage, now: Optional[InstalledPackage]) -> Tuple[str, ...]:
    """Return configuration files of what is installed that the recorded version did not have."""
    if now is None:
        return ()
    had = {*(each.path for each in known.conffiles), *known.absent}
    return tuple(path for path in map(conffiles.real, now.conffiles) if path not in had)
