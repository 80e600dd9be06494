"""The sets in the state directory, and the choice of the release that a rollback returns to."""

from __future__ import annotations

import os
from typing import List

from ...errors import HostError
from ...files import comparison
from ...files.tree import Tree
from ...messages.backup.sets import BackupSets, ChoiceRequest, SetHeading
from ...messages.location import Location
from ...state import backup_set
from ...state import directory as places
from ...state import lease as leases
from ...state.backup_set import BackupSet
from ...state.releases import copies, sets
from ...state.releases.copies import OpenCopies
from ...state.releases.sets import KeptSet
from ..save import alone

COMMANDS = "commands"
"""The strategy that remembers one release, and can bring back no other one."""

SEE = "rollback sets lists the releases that can be chosen"
MOST = 20
"""Backups that a message names."""


def look(location: Location) -> BackupSets:
    """Return which sets there are, and the one that a rollback would use.

    Raises:
        HostError: there is no record, or a damaged one.
    """
    record = backup_set.read(location.state)
    kept = sets.chain(sets.every(location.state)) if record.kept else []
    headings = tuple(_heading(each.record) for each in kept)
    return BackupSets(_heading(record), bool(record.kept), headings)


def choose(request: ChoiceRequest) -> BackupSets:
    """Record the set that leads back to a release, over several sets if need be.

    Every backup is read first: one that is not as recorded leads nowhere.

    Raises:
        HostError: no set leads there, a backup is spoilt, or a rollback is unfinished; the recorded
            set is the one it was.
    """
    location = request.location
    directory = places.opened(location.state)
    try:
        with places.held(directory, location.state):
            alone(location.state)
            record = backup_set.read(location.state)
            way = _way(location, record, request.release)
            _has_parts(request, way)
            chosen = way[0].record if len(way) == 1 else sets.over(way)
            _whole(location, way)
            if chosen.kept == record.kept:
                return look(location)
            if len(way) > 1:
                sets.gather(location.state, chosen, way)
            backup_set.write(location.state, chosen)
    finally:
        os.close(directory)
    return look(location)._replace(changed=True)


def _way(location: Location, record: BackupSet, release: str) -> List[KeptSet]:
    """Return the sets that lead back to a release, the oldest first."""
    if not record.kept:
        raise HostError(
            "the backups lie beside their files: there is one set, and one release to go back to",
            'set backups = "state" in [release] of rollback.toml before the next deploy',
        )
    run = leases.recovered(location.state, record.sha256)
    if run:
        raise HostError(
            f"the set was rolled back by run {run}: {record.previous.name} is live",
            f"rollback undo {run} brings {record.current.name} back first",
        )
    kept = sets.chain(sets.every(location.state))
    names = [each.record.previous.name for each in kept]
    if release not in names:
        raise HostError(
            f"no set leads back to {release!r}, only to {', '.join(names) or 'none'}",
            SEE,
        )
    return kept[: names.index(release) + 1][::-1]


def _has_parts(request: ChoiceRequest, way: List[KeptSet]) -> None:
    """Refuse a release that was recorded in part, or further back than its commands lead."""
    first = way[0].record
    lacking = [name for name in request.parts if name not in first.parts]
    if lacking:
        raise HostError(
            f"release {first.previous.name} was recorded in part: its set has nothing of "
            f"{', '.join(lacking)}",
            f"choose a release that was recorded as a whole: {SEE}",
        )
    if len(way) > 1 and COMMANDS in request.parts:
        raise HostError(
            f"{first.previous.name} lies {len(way)} deploys back, and the commands of "
            "[release.commands] bring back the release before the live one alone",
            f"choose {way[-1].record.previous.name}: rollback sets --to "
            f"{way[-1].record.previous.name}",
        )


def _whole(location: Location, way: List[KeptSet]) -> None:
    """Refuse a way with a backup that is gone, or not as recorded."""
    wrong: List[str] = []
    with Tree(location.root) as tree:
        for each in way:
            with OpenCopies(copies.of(location, each.record), tree) as backups:
                wrong += [
                    f"{saved.path} of {each.record.previous.name}"
                    for saved in each.record.files
                    if not saved.is_directory
                    and not comparison.is_version(saved, backups.look(saved.path))
                ]
    if wrong:
        more = f" and {len(wrong) - MOST} more" if len(wrong) > MOST else ""
        raise HostError(
            f"backups are gone, or not as recorded: {', '.join(wrong[:MOST])}{more}",
            "bring the state directory back from a copy, or choose a later release: rollback sets",
        )


def _heading(record: BackupSet) -> SetHeading:
    return SetHeading(
        record.previous.name,
        record.current.name,
        record.created,
        len(record.files),
        sum(saved.size for saved in record.files),
        len(record.added),
    )
