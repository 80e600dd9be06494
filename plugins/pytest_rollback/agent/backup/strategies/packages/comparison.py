"""Is a package as recorded? The one place where that is decided: readiness, plan and validation."""

from __future__ import annotations

import os
from typing import Iterator, List, NamedTuple, Optional, Tuple

from ....files import state
from ....files.tree import Tree
from ....system.command import run
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
    known: RecordedPackage, now: Optional[InstalledPackage], others: Tuple[str, ...], pool: str
) -> PackageDifference:
    """Return how a package is not as recorded; `others` are conffiles that should not be there.

    `pool` is the directory of its archive.
    """
    wanted = ConffileSet(known.conffiles, tuple(dict.fromkeys((*known.absent, *others))))
    found = conffiles.differing(wanted)
    files = [f"/{path} {why}" for path, why in found if not conffiles.is_aside(path)]
    if now is None:
        return PackageDifference(["it is not installed"], files, [])
    return PackageDifference(list(_package(known, now, pool)), files, _hold(known, now))


def _package(known: RecordedPackage, now: InstalledPackage, pool: str) -> Iterator[str]:
    if (now.version, now.architecture) != (known.version, known.architecture):
        yield f"version {now.version} ({now.architecture}) is installed"
    elif not now.is_whole:
        yield f"dpkg has it as {now.want} {now.error} {now.state}"
    else:
        fresh = (each for each in database.unverified(now.name) if each not in known.unclean)
        yield from (f"not as shipped: {each}" for each in fresh)
        yield from (f"missing: {each}" for each in missing(known, pool))


def missing(known: RecordedPackage, pool: str) -> List[str]:
    """Return the files of a package's archive that are not on this host, where it has a list.

    What another package has replaced goes with that one, and dpkg has it no more as a file of this
    package. Files that were not there when the package was recorded are no loss.
    """
    path = os.path.join(pool, known.archive)
    done = run(["dpkg-deb", "--info", path, "md5sums"], database.SECONDS)
    if not known.archive or done.code:
        return []
    names = (line.split(None, 1)[1] for line in done.out.splitlines() if line.strip())
    had = {line.split()[-1] for line in known.unclean if line.strip()}
    with Tree("/") as tree:
        gone = (
            each
            for each in names
            if state.live(tree, conffiles.real(f"/{each}"), -1).kind == state.ABSENT
        )
        return [f"/{each}" for each in gone if f"/{each}" not in had]


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
