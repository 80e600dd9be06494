"""The recorded packages before and after a rollback: whole, installable, and back or not."""

from __future__ import annotations

import os
import shlex
from typing import Dict, List, Optional, Sequence, Tuple

from ....errors import HostError
from ....messages.backup.packages import PackagesRequest
from ....messages.backup.strategies import PartFault, PreviousPart, PreviousParts
from ....state import backup_set
from ....state import directory as places
from ....system import disk
from . import archives, comparison, conffiles, database, history, recorded, scripts, simulation
from .database import InstalledPackage
from .recorded import RecordedPackage

GROWTH = 3
"""Bytes on the disk for each of an archive, as one unpacks: dpkg keeps the old files meanwhile."""

NO_CONFFILES = conffiles.ConffileSet((), ())


def previous(request: PackagesRequest) -> PreviousParts:
    """Return each package as recorded and as it is now, with all that speaks against its return."""
    known: List[RecordedPackage] = []
    name, why = "", "nothing was recorded of it"
    try:
        record = backup_set.read(request.location.state)
        known, name = recorded.of(record), record.previous.name
    except places.Absent as error:
        why = error.message
    found = database.packages([*request.names, *(each.name for each in known)])
    by = {each.name: each for each in known}
    missing = [each for each in request.names if each not in by]
    parts = [_unrecorded(each, found.get(each), why) for each in missing]
    own = [_part(request, each, found.get(each.name), name) for each in known]
    left = [each for each, part in zip(known, own) if not part.is_back]
    if left:
        first = next(at for at, part in enumerate(own) if not part.is_back)
        own[first] = _judged(request, own[first], left)
    return PreviousParts((*parts, *own))


def _unrecorded(name: str, now: Optional[InstalledPackage], why: str) -> PreviousPart:
    live = now.words if now else f"{name} is not installed"
    return PreviousPart("", "", live, faults=(PartFault(name, "unrecorded", why),))


def _part(
    request: PackagesRequest, known: RecordedPackage, now: Optional[InstalledPackage], name: str
) -> PreviousPart:
    """Return one recorded package."""
    differ = comparison.difference(known, now, comparison.strangers(known, now), request.pool)
    live = now.words if now else f"{known.name} is not installed"
    part = PreviousPart(
        f"{known.words}, {os.path.join(request.pool, known.archive)}",
        name,
        "; ".join([live, *differ.words]) if now and now.version == known.version else live,
        is_back=not differ.words,
        files=1 + len(known.conffiles),
        bytes=known.size,
    )
    faults, hint = _kept(request, known)
    if part.is_back:
        return part._replace(faults=tuple(faults), hint=hint)
    if now and now.version == known.version and now.is_whole:
        faults += [PartFault(known.name, "altered", each) for each in differ.words]
        hint = hint or "rollback now: it installs the package again"
    aside = (
        [each for each in database.diverted(now.name) if each not in known.unclean] if now else []
    )
    if aside:
        faults += [PartFault(known.name, "blocked", each) for each in aside]
        path = shlex.quote(aside[0].partition(" is ")[0])
        hint = hint or f"mv {path} {path}.own; dpkg-divert --rename --remove {path}"
    if now and now.is_held and not known.held:
        said = "it is on hold since it was recorded: somebody wants it to stay as it is"
        faults.append(PartFault(known.name, "blocked", said))
        hint = hint or f"find out why, then: apt-mark unhold {known.name}"
    return _told(request, known, now, part._replace(faults=tuple(faults), hint=hint))


def _kept(request: PackagesRequest, known: RecordedPackage) -> Tuple[List[PartFault], str]:
    """Return what is wrong with what was kept of a package, and the way out."""
    place = os.path.join(request.pool, known.archive)
    why = archives.wrong(request.pool, known.archive, known.sha256)
    faults, hint = [], ""
    if why:
        kind = "missing" if "gone" in why or "not kept" in why else "altered"
        other = " ".join(archives.field(place)).strip() if kind == "altered" else ""
        faults.append(PartFault(place, kind, f"{why}{f': it is {other}' if other else ''}"))
        plain = known.name.partition(":")[0]
        hint = (
            f"bring the archive back as it was, sha256 {known.sha256}; where apt still has it: "
            f"apt-get download {plain}={known.version} && cp {plain}_*.deb {place}"
        )
    for path in conffiles.lost(request.location.state, known.conffiles):
        faults.append(PartFault(path, "missing", "the copy that was kept is gone or altered"))
        hint = hint or "the next deploy saves a new one: rollback save, before it installs packages"
    return faults, hint


def _told(
    request: PackagesRequest,
    known: RecordedPackage,
    now: Optional[InstalledPackage],
    part: PreviousPart,
) -> PreviousPart:
    """Return a part with what the operator should know before its return."""
    if now is None:
        return part
    place = os.path.join(request.pool, known.archive)
    there = not any(each.fault in ("missing", "altered") for each in part.faults)
    services = scripts.services(known.name, place if there else "")
    notes = [f"kept from touching services: {each}" for each in services.managed]
    notes += [f"{known.name} is on hold, and stays so"] if known.held and now.is_held else []
    cautions = [f"touches services in spite of the start guard: {each}" for each in services.direct]
    cautions += _edited(known, now)
    if not now.is_whole or not archives.local(request, now)[0]:
        cautions.append(f"no undo: the archive of {now.words} is nowhere on this host")
    unexpected = history.unexpected(known, now)
    return part._replace(notes=tuple(notes), cautions=tuple(cautions), unexpected=unexpected)


def _edited(known: RecordedPackage, now: InstalledPackage) -> List[str]:
    """Return the configuration files that somebody edited since the deploy: they go."""
    had = {each.path: each for each in known.conffiles}
    found = []
    for path in map(conffiles.real, database.edited(now.name)):
        wanted = conffiles.ConffileSet((had[path],), ()) if path in had else NO_CONFFILES
        if path not in had or conffiles.differing(wanted):
            found.append(f"edited since it was recorded, and comes back as recorded: /{path}")
    return found


def _judged(
    request: PackagesRequest, part: PreviousPart, left: Sequence[RecordedPackage]
) -> PreviousPart:
    """Return the first part that is not back, with what speaks against the return of all."""
    reasons: Dict[str, str] = {}
    if os.geteuid():
        reasons[database.ONLY_ROOT] = database.AS_ROOT
    by = database.holder()
    if by:
        wait = "wait for it: fuser -v /var/lib/dpkg/lock-frontend"
        reasons[f"the database of dpkg is locked: {by}"] = wait
    for line in database.broken():
        reasons[f"dpkg --audit: {line}"] = "dpkg --configure --pending, on the host"
    for room in _full(request, left):
        reasons[room] = "free space on the host: apt-get clean; df -h"
    kept = [each for each in left if not archives.wrong(request.pool, each.archive, each.sha256)]
    paths = [os.path.join(request.pool, each.archive) for each in kept]
    for line in _simulated(paths, left):
        reasons[f"it could not be installed: {line}"] = (
            "name further packages in packages of [release], and record them with the next deploy; "
            f"see: apt-get install --simulate --allow-downgrades {' '.join(paths)}"
        )
    faults = tuple(PartFault(part.place, "blocked", each) for each in reasons)
    hint = "; ".join(dict.fromkeys(filter(None, (part.hint, *reasons.values()))))
    return part._replace(faults=(*part.faults, *faults), hint=hint)


def _simulated(paths: Sequence[str], left: Sequence[RecordedPackage]) -> List[str]:
    try:
        named = simulation.named((each.name, each.architecture) for each in left)
        return simulation.faults(paths, named)
    except HostError as error:
        return [error.message]


def _full(request: PackagesRequest, left: Sequence[RecordedPackage]) -> List[str]:
    """Return the file systems that have no room for the packages."""
    need = GROWTH * sum(each.size for each in left)
    needs = [disk.Need(path, need) for path in ("/usr", "/var", request.location.state)]
    return [
        f"{room.mount} has {room.free} bytes free, the packages need {room.need}"
        for room in disk.rooms(needs)
        if not room.enough
    ]
