"""Packages are made those that are wanted: for a return, and for the undo of one.

dpkg installs the archives in one call: it fetches nothing, removes nothing, and where it was ended
half way the same call puts that right. Configuration files come afterwards, from their copies.
"""

from __future__ import annotations

import os
import time
from typing import Dict, List, NamedTuple, Optional, Sequence

from ....errors import FINDING, HostError
from ....state.releases import stale_bytecode
from ....system.command import CommandResult, run, surroundings
from ....system.package_owners import installed_files
from . import archives, comparison, conffiles, database
from .conffiles import ConffileSet
from .database import InstalledPackage
from .recorded import RecordedPackage
from .scripts import QUIET

PATIENCE = 60.0
"""Seconds in which whoever works on the database may end: it may be an earlier call of ours."""

PAUSE = 0.1
LINES = 12
"""Lines of dpkg that an error has."""

OPTIONS = ("--force-confold", "--force-downgrade", "--force-hold", "--auto-deconfigure")
"""Configuration files stay as they are, and no question is asked; what breaks an older version of
another package is installed together with the newer one."""

AGAIN = "the same command again goes on; what dpkg did is in /var/log/dpkg.log"


class Wanted(NamedTuple):
    """Packages as they should be, and where what they are made of lies."""

    packages: Sequence[RecordedPackage]
    pool: str
    state: str
    seconds: float


def free() -> None:
    """Wait until nobody works on the database of dpkg.

    Raises:
        HostError: kind `held`, somebody still does.
    """
    until = time.monotonic() + PATIENCE
    by = database.holder()
    while by and time.monotonic() < until:
        time.sleep(PAUSE)
        by = database.holder()
    if by:
        raise HostError(
            f"packages are being changed by somebody else: {by}",
            "end it, then run the same command again: fuser -v /var/lib/dpkg/lock-frontend",
            "held",
        )


def bring(wanted: Wanted) -> List[str]:
    """Make all packages those that are wanted; return those that were not, with their versions.

    Raises:
        HostError: an archive or a kept file is gone; or dpkg failed, kind `unfinished`.
    """
    free()
    found = database.packages([each.name for each in wanted.packages])
    strange = {
        each.name: comparison.strangers(each, found.get(each.name)) for each in wanted.packages
    }
    differ = {
        each.name: comparison.difference(
            each, found.get(each.name), strange[each.name], wanted.pool
        )
        for each in wanted.packages
    }
    left = [each for each in wanted.packages if differ[each.name].package]
    if left:
        _installed(wanted, left)
    known = [(each.name, each.architecture) for each in wanted.packages]
    sources = (each for each in installed_files(known) if each.endswith(".py"))
    stale_bytecode.removed(f"/{conffiles.real(each)}" for each in sources)
    _hold([each for each in wanted.packages if left or differ[each.name].hold])
    for each in wanted.packages:
        gone = conffiles.with_asides(strange[each.name])
        absent = tuple(dict.fromkeys((*each.absent, *gone)))
        conffiles.put_back(wanted.state, ConffileSet(each.conffiles, absent))
    return [each.words for each in wanted.packages if differ[each.name].words]


def _installed(wanted: Wanted, left: Sequence[RecordedPackage]) -> None:
    for each in left:
        why = archives.wrong(wanted.pool, each.archive, each.sha256)
        if why:
            raise HostError(
                f"the archive of {each.words} cannot be used: {why}",
                f"put it there as it was: ls -l {os.path.join(wanted.pool, each.archive)}",
            )
    paths = [os.path.join(wanted.pool, each.archive) for each in left]
    around = {**surroundings(), **QUIET}
    done = run(["dpkg", "--install", *OPTIONS, *paths], wanted.seconds, env=around)
    if not done.code and any(comparison.missing(each, wanted.pool) for each in left):
        # dpkg leaves out what another package has replaced, also where that one goes back as well
        done = run(["dpkg", "--install", *OPTIONS, *paths], wanted.seconds, env=around)
    found = database.packages([each.name for each in left])
    wrong = [each for each in left if not _is_in(each, found.get(each.name))]
    if done.code or done.timed_out or wrong:
        raise _failed(done, wrong or list(left), found, wanted.seconds)


def _is_in(wanted: RecordedPackage, now: Optional[InstalledPackage]) -> bool:
    return now is not None and now.is_whole and now.version == wanted.version


def _failed(
    done: CommandResult,
    wrong: Sequence[RecordedPackage],
    found: Dict[str, InstalledPackage],
    seconds: float,
) -> HostError:
    """Return that dpkg did not install all of it, with what it said and how packages are now."""
    now = [found[each.name].words for each in wrong if each.name in found]
    said = [line.strip() for line in f"{done.out}\n{done.err}".splitlines() if line.strip()]
    late = [f"dpkg was ended after {seconds:g} s"] if done.timed_out else []
    names = ", ".join(each.words for each in wrong)
    return HostError(
        FINDING.join([f"{names} could not be installed", *now, *late, *said[-LINES:]]),
        f"mend what its maintainer script complains of; {AGAIN}",
        "unfinished",
    )


def _hold(packages: Sequence[RecordedPackage]) -> None:
    """Put packages on hold that were, and release those that were not: dpkg forgets it."""
    lines = [f"{each.name} {'hold' if each.held else 'install'}\n" for each in packages]
    if lines:
        done = run(["dpkg", "--set-selections"], database.SECONDS, stdin="".join(lines).encode())
        if done.code:
            raise HostError(f"holds could not be set: {done.words}", AGAIN, "unfinished")
