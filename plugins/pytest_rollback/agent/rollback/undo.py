"""Undo: everything that a run changed is taken back, the last change first, or nothing at all.

What stands in the way is collected before anything is touched.
"""

from __future__ import annotations

import importlib
import os
import time
from typing import Any, Dict, List, Set, Tuple

from ..backup.strategies.packages import change as packages
from ..errors import HostError
from ..files import lookup
from ..messages.rollback.migrations import MIGRATING, MIGRATIONS
from ..messages.rollback.undo import RELEASE, Undone, UndoPlan, UndoRequest
from ..messages.services.units import ManagerAddress
from ..restore import revert
from ..restore.context import batches
from ..services import registry, unit_file_undo
from ..state import backup_set, evidence, lease, progress, removed_directories
from ..state.journal import entries
from ..state.lock import CHANGES, ExclusiveRun, folder_of, working
from . import default_undo, moved_back, start_guard
from .maintenance import page_file
from .undo_findings import (
    FORWARD,
    RETURN,
    Entries,
    Findings,
    away,
    forward,
    migrations,
    of,
    returned,
    sent,
)

UNREAD = (unit_file_undo.INSTALLING, packages.RETURNING)
"""What brings unit files back, which the service manager has to read."""

PARTS = {
    "database": "..database.undo:take_back",
    "maintenance": ".maintenance.commands:take_back",
}
"""What takes back events of few systems: named, and not imported."""

SWAPPED, SWAPPED_BACK = "database swapped", "database undone"
"""What that package notes once users work with a restored database, and with theirs again."""


def look(request: UndoRequest) -> UndoPlan:
    """Return what undo would do; nothing is changed, and no lock is taken."""
    location = request.location
    folder = folder_of(location)
    if folder is None or not os.path.isdir(folder):
        raise HostError(
            f"there is no run {location.run} in {location.state}",
            "'rollback status' lists all runs",
        )
    known = lease.read(location.state, location.run)
    if known:
        known.refuse(location.root, None)
    return planned(request, folder)


def undo(request: UndoRequest) -> Undone:
    """Bring the failed release back as it was, from any point of the run; twice changes nothing.

    No unit is stopped or started: stop them first, start them after.

    Raises:
        HostError: something was changed after the run: all of that, and nothing was touched; or the
            host failed half way, the same call again goes on.
    """
    location = request.location
    with working(location, back=True) as work:
        if progress.undoing(work.journal.entries) == "done":
            lease.undone(location.state, location.run)
            return Undone(0, 0)
        conflicts = planned(request, work.folder).conflicts
        if conflicts:
            raise HostError(
                f"nothing was undone, files changed since: {'; '.join(conflicts)}",
                "put back the versions of the run; or leave files out: --without=PATH",
            )
        if progress.undoing(work.journal.entries) is None:
            work.journal.add(progress.UNDO, without=request.without)
        with start_guard.raised(location, work):
            taken = _undone(request, work)
        work.journal.add(progress.UNDONE)
        lease.undone(location.state, location.run)
        return taken


def _undone(request: UndoRequest, work: ExclusiveRun) -> Undone:
    said: List[HostError] = []
    written = work.journal.entries[:]
    more = moved_back.unnamed(request.location, work.folder, written)
    apart = left_alone(request, [*written, *more])
    first, last = _in_turn([*written, *more][::-1])
    moved = sum(_attempt(request, work, each, said, apart) for each in first)
    _refuse(said)
    parts = reversed(list(progress.PARTS))
    undone = sum(revert.take_back(request.location, work, part, apart) for part in parts)
    moved += sum(_attempt(request, work, each, said, apart) for each in last)
    _refuse(said)
    removed_directories.take_back(of(written, removed_directories.MAKING), apart)
    if request.manager and any(work.journal.last(each) for each in UNREAD):
        registry.of(ManagerAddress(request.manager, request.socket)).reload()
    if work.journal.last("page on"):
        page_file.tell(request.check, request.reload)
    migrating = migrations(written)
    if migrating and MIGRATIONS not in apart:
        sent(FORWARD).take_back(request.migrations, work, migrating)
    return Undone(undone, moved)


def _in_turn(written: Entries) -> Tuple[Entries, Entries]:
    """Return what is taken back before restored files, and after them: packages came before."""
    last = [each for each in written if each["event"] == packages.RETURNING]
    return [each for each in written if each not in last], last


def _refuse(said: List[HostError]) -> None:
    if said:
        raise HostError("; ".join(each.message for each in said), said[0].hint, "unfinished")


def _attempt(
    request: UndoRequest,
    work: ExclusiveRun,
    entry: dict[str, Any],
    said: List[HostError],
    apart: set[str],
) -> int:
    """Undo one entry, but for what is `apart`; add conflicts to `said`."""
    try:
        if entry["event"] == evidence.MOVING:
            return moved_back.bring_back(work.folder, entry, apart, room=not said)
        if entry["event"] == progress.RETURNING and RELEASE not in apart:
            sent(RETURN).take_back(request.release, work, entry)
        return _taken_back(work, entry, apart)
    except HostError as problem:
        said.append(problem)
        return 0


def _taken_back(work: ExclusiveRun, entry: dict[str, Any], apart: set[str]) -> int:
    """Take back what one entry of the journal announced; return how many files it brought."""
    event = entry["event"]
    if event == removed_directories.EMPTYING:
        removed_directories.make_again(entry, apart)
    if not apart.isdisjoint(named([entry])):
        return 0
    if event == unit_file_undo.INSTALLING:
        return unit_file_undo.take_back(os.path.join(work.folder, evidence.FOLDER), entry)
    if event == "page on":
        page_file.take_back(work.folder, entry)
    if event == default_undo.DEFAULTING:
        return default_undo.take_back(work, entry)
    if event == packages.RETURNING:
        return packages.take_back(work, entry)
    if event in PARTS:
        module, _, function = PARTS[event].partition(":")
        part = importlib.import_module(module, __package__)
        return int(getattr(part, function)(work, entry))
    return 0


def planned(request: UndoRequest, folder: str) -> UndoPlan:
    """Return what undo would do, and everything that prevents it.

    Raises:
        HostError: a path to leave out is none that the run has anything to do with.
    """
    written = entries(os.path.join(folder, CHANGES))
    written += moved_back.unnamed(request.location, folder, written)
    apart, found = left_alone(request, written), Findings()
    defaults = of(written, default_undo.DEFAULTING)
    found.add(default_undo.standing(defaults, apart), found.files, found.conflicts)
    found.add(packages.standing(written, apart), found.files, found.conflicts)
    _restored(request, folder, written, (found, apart))
    for entry in written:
        if entry["event"] == evidence.MOVING:
            told = moved_back.standing(folder, entry, apart)
            found.add(told, found.moved, found.conflicts, found.lost)
        if entry["event"] == removed_directories.EMPTYING:
            found.conflicts += removed_directories.standing(entry, apart)
    store = os.path.join(folder, evidence.FOLDER)
    installing = of(written, unit_file_undo.INSTALLING)
    installed, changed = unit_file_undo.standing(store, installing, apart)
    pages = [each for each in of(written, "page on") if each["page"] not in apart]
    release, stuck = returned(request, of(written, progress.RETURNING), apart)
    ahead, held = forward(request, migrations(written), apart)
    conflicts = [*found.told(), *changed, *page_file.standing(store, pages), *stuck, *held]
    return UndoPlan(
        undone=progress.undoing(written) == "done",
        files=tuple(found.files),
        moved=tuple(found.moved),
        units=tuple(installed),
        page=next((each["page"] for each in pages if is_there(each["page"])), None),
        database=next((str(e.get("name")) for e in of(written, "database")[::-1]), None),
        conflicts=tuple(words for _, words in conflicts),
        lost=tuple(found.lost),
        paths=tuple(dict.fromkeys(path for path, _ in conflicts)),
        release=tuple(release),
        migrations=tuple(ahead),
        **swapped(written),
    )


def is_there(path: str) -> bool:
    """Return whether anything has this name."""
    return bool(lookup.kind(path, follow=False))


def swapped(written: Entries) -> Dict[str, Any]:
    """Return since when users have worked with a restored database, and where it will be kept."""
    began, taken = of(written, "database"), of(written, SWAPPED)
    if not taken or of(written, SWAPPED_BACK):
        return {}
    at = float(taken[-1].get("at", 0.0))
    return {"since": max(0.0, time.time() - at), "kept": str(began[-1].get("kept", ""))}


def _restored(
    request: UndoRequest, folder: str, written: Entries, at: Tuple[Findings, Set[str]]
) -> None:
    """Find what is to become of restored files, and whether the journal knows all of the run."""
    found, apart = at
    location, apart, gone = request.location, {*found.files, *apart}, away(written)
    moves, known = of(written, evidence.MOVING), set(found.files)
    older = moved_back.is_spent(location, moves)
    absent: List[List[str]] = []
    for part in progress.PARTS:
        told = revert.standing(location, folder, part, apart, gone)
        found.add(told[:3], found.files, found.conflicts, found.lost)
        older, known = older or told.older, known | told.known
        absent += told.absent
    if older:
        found.miss(revert.unsure_of(location, known), revert.UNSURE, apart)
    if older or absent:
        lost = moved_back.lost(location, moves, [] if older else absent[0])
        found.miss(lost, revert.UNSURE, apart)


def left_alone(request: UndoRequest, written: Entries) -> Set[str]:
    """Return what is left alone: the paths that are asked for, and our names beside them.

    Raises:
        HostError: one of them is none of the run's.
    """
    if not request.without:
        return set()
    location, apart = request.location, set(request.without)
    known = set(named(written))
    try:
        record = backup_set.read(location.state)
        known.update((*record.added, *(saved.path for saved in record.files)))
    except HostError:
        pass  # the journals name what the run has changed
    for where, items in batches(location):
        for path in (item.saved.path for item in items):
            known.add(path)
            if path in request.without:
                above = os.path.dirname(path)
                apart.update(os.path.join(above, name) for name in where.names(path))
    strange = [path for path in request.without if path not in known]
    if strange:
        raise HostError(
            f"{', '.join(strange)}: run {location.run} has nothing to do with that",
            f"each is named by rollback undo {location.run}",
        )
    return apart


def named(written: Entries) -> List[str]:
    """Return the paths that a journal names."""
    found = []
    for entry in written:
        found += [each[0] for each in entry.get("directories", ())]
        for path, kept, *_ in entry.get("moves", ()):
            found += [path, kept.partition("/")[2]]
        if entry["event"] == unit_file_undo.INSTALLING:
            found.append(os.path.join(entry["directory"], entry["name"]))
        if entry["event"] == default_undo.DEFAULTING:
            found.append(entry["path"])
        if entry["event"] == packages.RETURNING:
            found += packages.named(entry)
        found += [entry["page"]] if "page" in entry else []
        found += [RELEASE] if entry["event"] == progress.RETURNING else []
        found += [MIGRATIONS] if entry["event"] == MIGRATING else []
    return found
