"""The processes of units beside what they were started from, and who else is of the system."""

from __future__ import annotations

import contextlib
import os
import stat
import time
from typing import Dict, FrozenSet, Iterable, Iterator, Mapping, Tuple

from ...backup.owners import SHARED, Owners
from ...backup.strategies.packages import recorded
from ...errors import HostError
from ...files import reach
from ...files.handles import Irregular
from ...files.tree import Tree
from ...messages.services.running import (
    ChangedFile,
    Running,
    RunningRequest,
    UnitOwner,
    UnitProcesses,
)
from ...state import backup_set
from ...state import lease as leases
from ...state.directory import record_of
from ...state.journal import entries
from ...state.lock import CHANGES
from ...system.command_lines import described
from ...system.open_files import identities
from ...system.package_owners import listings
from ...system.processes import Process, began, processes
from .. import registry
from ..manager import UnitParts
from . import releases, strangers, survivors
from .elsewhere import other_tree
from .ports import Ports, Published
from .traces import owners, places_of

TICK = 100_000_000
"""Nanoseconds by which two times of one change may differ."""

STEP = 2.0
"""Seconds by which a manager's time of a start and the kernel's may differ: both are rounded."""


def look(request: RunningRequest) -> Running:
    """Return the processes of each unit, with their ports, and the strangers of the system.

    Raises:
        HostError: the manager does not answer.
    """
    table = {one.pid: one for one in processes()}
    names = [each.unit for each in request.units]
    manager = registry.of(request.manager)
    parts = manager.parts(names, request.directory, table)
    files, unrecorded = _recorded(request)
    unpacked = _unpacked(request.location.state)
    ports, restored = Ports(request.units, table), _started_restored(request.location.state)
    root, places = request.location.root, request.location.places
    live = releases.live(root, request.location.state)
    known = frozenset(pid for part in parts.values() for pid in part.processes)
    published = {port: by for part in parts.values() for port, by in part.published.items()}
    found: Dict[str, UnitProcesses] = {}
    for each in request.units:
        part = parts[each.unit]
        main = table.get(part.main)
        as_restored = bool(main and restored.get(each.unit) == (main.pid, main.started))
        more = (*part.files, *each.files, *unpacked)
        used = _used(root, more, files[each.name], as_restored=as_restored)
        youngest = max(used, key=lambda file: file.changed, default=None)
        own = [table[pid] for pid in part.processes if pid in table]
        found[each.unit] = _unit(each, part, table, ports, (known, published))._replace(
            youngest=youngest if youngest and youngest.changed else None,
            elsewhere=other_tree(places, own, files[each.name]),
            other_release=releases.other(live, own) or releases.named(live, part.files),
            restored=as_restored,
        )
    users = _users(request, known)
    owned = strangers.Owned(known, manager.origins(names), users, identities(request.data))
    others = strangers.look(places, table, owned, manager.origin)
    beside = manager.beside(names, places_of(places))
    return Running(
        found, others.seen, others.unread, time.time(), unrecorded, others.former, tuple(beside)
    )


def _unpacked(state: str) -> Tuple[str, ...]:
    """Return the files that tell when each recorded package was unpacked last."""
    with contextlib.suppress(HostError):
        found = recorded.of(backup_set.read(state))
        return tuple(listings((one.name, one.architecture) for one in found))
    return ()


def _used(
    root: str, more: Iterable[str], recorded: Mapping[str, float], *, as_restored: bool
) -> Iterator[ChangedFile]:
    """Yield what a unit was started from, with the time of its last change.

    Of recorded files none counts where the unit was started from them as they were restored.
    """
    known = {os.path.join(root, path) for path in recorded}
    if not as_restored:
        yield from (ChangedFile(path, at) for path, at in recorded.items())
    with Tree(root) as tree:
        for path in (os.path.join(root, each) for each in more):
            if not (as_restored and path in known):
                yield ChangedFile(path, _changed(tree, path))


def _unit(
    asked: UnitOwner,
    part: UnitParts,
    table: Mapping[int, Process],
    ports: Ports,
    known: Tuple[FrozenSet[int], Published],
) -> UnitProcesses:
    """Return what was found of one unit."""
    main = table.get(part.main)
    stepped = began(main) - part.since if main and part.since else 0.0
    stepped = stepped if abs(stepped) > STEP else 0.0
    ages = [table[pid] for pid in part.processes if pid in table]
    first = min(ages, key=lambda one: one.started, default=None)
    oldest = described(first) if first else None
    if oldest and stepped:  # of the two times, the one that proves less
        oldest = oldest._replace(began=min(oldest.began, oldest.began - stepped))
    return UnitProcesses(
        number=len(ages),
        ports=ports.of(asked, part.processes, part.published),
        oldest=oldest,
        stepped=round(stepped, 1),
        unhandled=part.unhandled,
        left=part.left,
        kept_open=part.kept_open,
        outlives=_outlives(table, part),
        answering=ports.answering(asked, (part.processes, part.published), known),
    )


def _outlives(table: Mapping[int, Process], part: UnitParts) -> str:
    """Return why the stop of a unit leaves processes of it; "" where that is not certain."""
    rest = survivors.certain(table, part.mains, part.processes, part.stopped_by)
    if not rest:
        return ""
    named = "; ".join(map(str, rest))
    return f"its stop leaves {named}, which left the group that is signalled; nobody passes it on"


def _recorded(request: RunningRequest) -> tuple[Dict[str, Dict[str, float]], str]:
    """Return when each recorded file was put back last, by component; and why none is known.

    It is the time of the last change of the inode: a rename and a write set it, and nobody can set
    it back, as a restore does with the time of the content.
    """
    found: Dict[str, Dict[str, float]] = {each.name: {} for each in request.units}
    try:
        known = backup_set.read(request.location.state)
    except HostError as problem:
        return found, str(problem)
    owners, only = Owners(request.selection.components), request.selection.only
    with Tree(request.location.root) as tree:
        moved = MovedDirectories(tree)
        for saved in (each for each in known.files if not each.is_directory):
            owner = owners.of(saved.path)
            if only and owner not in only:
                continue
            at = _changed(tree, saved.path, alone=saved.is_link)
            above = moved.of(os.path.dirname(saved.path))
            for name in found if owner == SHARED else (owner,):
                found.setdefault(name, {})[saved.path] = at
                found[name].update(above)
    return found, ""


def _started_restored(state: str) -> Dict[str, tuple[int, float]]:
    """Return the process, with its start, of each unit that a rollback to this record started.

    It began when each file was as recorded, and where the files are so now, it is of that release,
    whoever has touched them since: with a link, a checkout of the same content, chmod and back.
    """
    known = record_of(state)
    alike = [lease for lease in leases.every(state) if lease.record == known]
    if not alike or alike[-1].outcome == "undone":
        return {}
    try:
        written = entries(os.path.join(leases.folder(state, alike[-1].run), CHANGES))
    except HostError:  # a damaged journal proves nothing
        return {}
    return {
        entry["unit"]: (entry["pid"], entry["ticks"])
        for entry in written
        if entry["event"] == "start done" and "ticks" in entry
    }


class MovedDirectories:
    """When directories came to their places; a file in one that was exchanged has its old times."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.known: Dict[str, Dict[str, float]] = {"": {}}

    def of(self, directory: str) -> Dict[str, float]:
        """Return the time of each directory on the way that was renamed, by its path."""
        if directory not in self.known:
            found = dict(self.of(os.path.dirname(directory)))
            at = self._renamed(directory)
            self.known[directory] = {**found, f"{directory}/": at} if at else found
        return self.known[directory]

    def _renamed(self, path: str) -> float:
        """Return when a directory was renamed last; 0 where nothing tells of it.

        What comes or goes in a directory sets both of its times. A rename sets that of its inode
        alone, and both of the directory above; chmod, or an overlay that copies it, leaves the
        directory above as it is.
        """
        try:
            own = self.tree.status(path)
            above = os.fstat(self.tree.directory(os.path.dirname(path)))
        except (Irregular, OSError):
            return 0.0
        alone = own.st_ctime_ns - own.st_mtime_ns > TICK
        return own.st_ctime if alone and above.st_mtime_ns > own.st_ctime_ns - TICK else 0.0


def _changed(tree: Tree, path: str, *, alone: bool = False) -> float:
    """Return when a file, or the link that leads to it, was changed last; 0 when it is gone.

    Of a link that is recorded as one, its own time alone: what it leads to is not of the set, and
    may be a directory that the running unit writes into. The path may be absolute.
    """
    whole = os.path.join(tree.path, path)
    try:
        is_inside = not os.path.isabs(path)
        found = tree.status(path) if is_inside else reach.status(path, follow=False)
    except (Irregular, OSError):
        return 0.0
    if stat.S_ISLNK(found.st_mode) and not alone:
        with contextlib.suppress(OSError):
            return max(found.st_ctime, reach.status(whole).st_ctime)
    return found.st_ctime


def _users(request: RunningRequest, known: Iterable[int]) -> FrozenSet[int]:
    """Return the accounts that the units run as; while none runs, who owns the roots."""
    running = frozenset(owners(known))
    if running:
        return running
    found = set()
    for place in request.location.places:
        with contextlib.suppress(OSError):
            found.add(reach.status(place).st_uid)
    return frozenset(found)
