"""The return of recorded packages as one change of a run: planned, journaled, taken back."""

from __future__ import annotations

import os
from typing import Any, Dict, Iterable, List, Optional, Sequence, Tuple

from ....errors import HostError
from ....messages.backup.packages import (
    PackagesPlan,
    PackagesRequest,
    PackagesReturned,
    PackageStep,
)
from ....state import backup_set
from ....state.journal import entries
from ....state.lock import CHANGES, ExclusiveRun, folder_of, working
from . import archives, comparison, conffiles, database, install, recorded
from .database import InstalledPackage
from .recorded import RecordedPackage
from .snapshot import snapshot, without_archive

RETURNING, RETURNED = recorded.RETURNING, "packages done"
READ = "reload done"
"""The event of a manager that has read its unit files."""

NAMED = "package:"
"""How an undo names a package that it is to leave alone."""

UNKNOWN = "the next deploy records it: rollback save, before it installs packages"

Found = Dict[str, InstalledPackage]


def known(request: PackagesRequest) -> List[RecordedPackage]:
    """Return the recorded packages.

    Raises:
        HostError: there is no record of them, or a damaged one.
    """
    found = recorded.of(backup_set.read(request.location.state))
    if not found:
        raise HostError("nothing was recorded of packages", UNKNOWN)
    return found


def look(request: PackagesRequest) -> PackagesPlan:
    """Return which packages are not as recorded, and what prevents their return."""
    wanted = known(request)
    found = database.packages([each.name for each in wanted])
    steps, problems, hints, size = [], [], [], 0
    for each in wanted:
        now = found.get(each.name)
        strange = comparison.strangers(each, now)
        differ = comparison.difference(each, now, strange, request.pool)
        if not differ.words:
            continue
        words = now.words if now else "not installed"
        steps.append(PackageStep(each.name, words, each.words, "; ".join(differ.words)))
        for why, hint in _problems(request, each, installs=bool(differ.package)):
            problems.append(why)
            hints.append(hint)
        size += each.size if differ.package else 0
    lost = _lost(request, [each for each in wanted if each.name in {s.name for s in steps}], found)
    unread = _unread(request)
    return PackagesPlan(tuple(steps), size, unread, tuple(problems), tuple(hints), tuple(lost))


def _problems(
    request: PackagesRequest, wanted: RecordedPackage, *, installs: bool
) -> List[Tuple[str, str]]:
    """Return what prevents the return of one package, each with the way out."""
    found = []
    why = archives.wrong(request.pool, wanted.archive, wanted.sha256) if installs else ""
    if why:
        place = os.path.join(request.pool, wanted.archive)
        found.append((f"the archive of {wanted.words} cannot be used: {why}", f"ls -l {place}"))
    gone = conffiles.lost(request.location.state, wanted.conffiles)
    if gone:
        found.append((f"kept copies are gone or altered: {', '.join(gone)}", UNKNOWN))
    return found


def _lost(request: PackagesRequest, wanted: Sequence[RecordedPackage], found: Found) -> List[str]:
    """Return the packages whose live version an undo could not bring back."""
    failed = _before(request)
    if failed:
        return [each.words for each in failed if not each.archive]
    return [
        now.words if now else f"{each.name} (not installed)"
        for each in wanted
        for now in (found.get(each.name),)
        if not _is_kept(request, now)
    ]


def _is_kept(request: PackagesRequest, now: Optional[InstalledPackage]) -> bool:
    return now is not None and now.is_whole and bool(archives.local(request, now)[0])


def _written(request: PackagesRequest) -> List[Dict[str, Any]]:
    folder = folder_of(request.location)
    return entries(os.path.join(folder, CHANGES)) if folder else []


def _before(request: PackagesRequest) -> List[RecordedPackage]:
    """Return the packages as they were before this run, [] where it has changed none."""
    begun = [each for each in _written(request) if each["event"] == RETURNING]
    return recorded.read(begun[0]["failed"]) if begun else []


def _unread(request: PackagesRequest) -> bool:
    """Return whether packages came back since the service manager has read its unit files.

    What dpkg unpacks has the time of the archive, which is older: a manager that compares times
    sees no change.
    """
    events = [each["event"] for each in _written(request)]
    told = [each for each in events if each in (RETURNING, READ)]
    return bool(told) and told[-1] == RETURNING


def apply(request: PackagesRequest) -> PackagesReturned:
    """Install the recorded packages, with what is installed kept for an undo.

    Raises:
        HostError: something of it is gone; or dpkg failed, and the same call goes on.
    """
    database.refuse_others()
    wanted = known(request)
    with working(request.location) as work:
        install.free()
        found = database.packages([each.name for each in wanted])
        failed = _before(request) or [_kept(request, each, found) for each in wanted]
        work.journal.add(
            RETURNING,
            pool=request.pool,
            state=request.location.state,
            seconds=request.seconds,
            failed=recorded.document(failed),
            wanted={each.name: each.version for each in wanted},
        )
        place = (request.pool, request.location.state, request.seconds)
        brought = install.bring(install.Wanted(wanted, *place))
        work.journal.add(RETURNED, packages=brought)
        return PackagesReturned(tuple(brought))


def _kept(request: PackagesRequest, wanted: RecordedPackage, found: Found) -> RecordedPackage:
    """Return a package as it is now, its archive kept where it is on this host."""
    now = found.get(wanted.name)
    if now is None:
        return wanted._replace(version="0", archive="", sha256="", size=0, conffiles=(), absent=())
    if not _is_kept(request, now):
        return without_archive(request, now)
    return snapshot(request, now, archives.kept(request, now))


def named(entry: Dict[str, Any]) -> List[str]:
    """Return by which names an undo can leave the packages of a journal entry alone."""
    return [f"{NAMED}{each['name']}" for each in entry["failed"]]


def standing(
    written: Iterable[Dict[str, Any]], apart: Iterable[str]
) -> Tuple[List[str], List[Tuple[str, str]]]:
    """Return which packages an undo would bring back, and what stands in its way, by name."""
    begun = [each for each in written if each["event"] == RETURNING]
    if not begun or not set(apart).isdisjoint(named(begun[0])):
        return [], []
    entry = begun[0]
    failed = recorded.read(entry["failed"])
    found = database.packages([each.name for each in failed])
    labels, conflicts = [], []
    for each in failed:
        label, now = f"{NAMED}{each.name}", found.get(each.name)
        strange = comparison.strangers(each, now)
        if not comparison.difference(each, now, strange, entry["pool"]).words:
            continue
        labels.append(label)
        why = _against(entry, each, now)
        conflicts += [(label, f"{label}: {why}")] if why else []
    return labels, conflicts


def _against(
    entry: Dict[str, Any], failed: RecordedPackage, now: Optional[InstalledPackage]
) -> str:
    """Return why an undo cannot bring a package back, "" when it can."""
    ours = (entry["wanted"][failed.name], failed.version)
    if now is not None and now.version not in ours:
        return f"{now.version} was installed after the run"
    if now is not None and now.is_whole and now.version == failed.version:
        return ""  # what differs are configuration files or a hold
    why = archives.wrong(entry["pool"], failed.archive, failed.sha256)
    return f"{failed.version} cannot be installed again, its archive: {why}" if why else ""


def take_back(work: ExclusiveRun, entry: Dict[str, Any]) -> int:
    """Install what was live before the run, from any point of it; return how many came back.

    Raises:
        HostError: its archive is not there, or dpkg failed; the same call goes on.
    """
    for _, why in standing([entry], ())[1]:
        raise HostError(why, f"leave it as it is: add --without={named(entry)[0]}")
    failed = recorded.read(entry["failed"])
    place = (entry["pool"], entry["state"], float(entry["seconds"]))
    brought = install.bring(install.Wanted(failed, *place))
    if brought:
        work.journal.add("packages undone", packages=brought)
    return len(brought)
