"""Undo: everything that a run changed is taken back, the last change first, or nothing at all.

What stands in the way is collected before anything is touched.
"""

from __future__ import annotations

import importlib
import os
from typing import Any, Optional

from ..errors import HostError
from ..files import lookup
from ..messages.rollback.undo import Undone, UndoPlan, UndoRequest
from ..messages.services.units import ManagerAddress
from ..restore import revert
from ..restore.context import batches
from ..services import registry, unit_file_undo, units
from ..state import evidence, lease, progress, removed_directories
from ..state.journal import entries
from ..state.lock import CHANGES, ExclusiveRun, folder_of, working
from . import default_undo, page_file, start_guard

PARTS = {"database": "..database.swap:take_back"}
"""What takes back the events of a package that can be taken away: named, and not imported."""


def look(request: UndoRequest) -> UndoPlan:
    """Return what undo would do; nothing is changed, and no lock is taken."""
    location = request.location
    folder = folder_of(location)
    if folder is None or not os.path.isdir(folder):
        raise HostError(
            f"there is no run {location.run} in {location.state}",
            "'rollback status' lists all runs",
        )
    return _planned(request, folder)


def _planned(request: UndoRequest, folder: str) -> UndoPlan:
    """Return what undo would do, and everything that prevents it."""
    location = request.location
    written = entries(os.path.join(folder, CHANGES))
    files: list[str] = []
    moved: list[str] = []
    conflicts: list[str] = []
    lost: list[str] = []
    _all(default_undo.standing(_of(written, default_undo.DEFAULTING)), files, conflicts)
    apart, away = {*files, *_apart(request)}, _away(written)
    for part in progress.PARTS:
        _all(revert.standing(location, folder, part, apart, away), files, conflicts, lost)
    for entry in written:
        if entry["event"] == evidence.MOVING:
            _all(evidence.standing(folder, entry, apart), moved, conflicts, lost)
        if entry["event"] == removed_directories.EMPTYING:
            conflicts += removed_directories.standing(entry)
    told = " ".join(conflicts)
    conflicts += [
        f"{path}: it is not in the evidence any more" for path in lost if path not in told
    ]
    store = os.path.join(folder, evidence.FOLDER)
    installed, changed = unit_file_undo.standing(store, _of(written, unit_file_undo.INSTALLING))
    pages = _of(written, "page on")
    return UndoPlan(
        undone=progress.undoing(written) == "done",
        files=tuple(files),
        moved=tuple(moved),
        units=tuple(installed),
        page=next(
            (each["page"] for each in pages if lookup.kind(each["page"], follow=False)), None
        ),
        database=_last(written, "database", "name"),
        conflicts=(*conflicts, *changed, *page_file.standing(store, pages)),
        lost=tuple(lost),
    )


def _apart(request: UndoRequest) -> set[str]:
    """Return what is left alone: the paths that are asked for, and our names beside them."""
    apart = set(request.without)
    for where, items in batches(request.location) if apart else ():
        for path in (item.saved.path for item in items if item.saved.path in request.without):
            apart.update(os.path.join(os.path.dirname(path), name) for name in where.names(path))
    return apart


def _away(written: list[dict[str, Any]]) -> dict[str, str]:
    """Return where failed versions are in the run's folder; "" for directories."""
    moves = [each for each in _of(written, evidence.MOVING) if each["kind"] == evidence.FAILED]
    gone = [
        each[0]
        for entry in _of(written, removed_directories.EMPTYING)
        for each in entry["directories"]
    ]
    files = {path: f"{evidence.FOLDER}/{kept}" for entry in moves for path, kept in entry["moves"]}
    return {**dict.fromkeys(gone, ""), **files}


def _all(found: tuple[list[str], ...], *lists: list[str]) -> None:
    for each, known in zip(found, lists):
        known.extend(each)


def _of(written: list[dict[str, Any]], event: str) -> list[dict[str, Any]]:
    return [each for each in written if each["event"] == event]


def _last(written: list[dict[str, Any]], event: str, key: str) -> Optional[str]:
    return next((str(each.get(key)) for each in reversed(written) if each["event"] == event), None)


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
        conflicts = _planned(request, work.folder).conflicts
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
    said: list[str] = []
    apart = _apart(request)
    moved = sum(_attempt(work, each, said, apart) for each in reversed(work.journal.entries[:]))
    if said:
        raise HostError(
            "; ".join(said),
            "repair it on the host, and run the same command again",
            "unfinished",
        )
    parts = reversed(list(progress.PARTS))
    undone = sum(revert.take_back(request.location, work, part, apart) for part in parts)
    if request.manager and work.journal.last(unit_file_undo.INSTALLING):
        units.reload(registry.of(ManagerAddress(request.manager, request.socket)))
    if work.journal.last("page on"):
        page_file.tell(request.check, request.reload)
    return Undone(undone, moved)


def _attempt(work: ExclusiveRun, entry: dict[str, Any], said: list[str], apart: set[str]) -> int:
    """Undo one entry, but for what is `apart`; add conflicts to `said`."""
    try:
        if entry["event"] == evidence.MOVING:
            return evidence.bring_back(work.folder, entry, apart)
        return _taken_back(work, entry)
    except HostError as problem:
        said.append(problem.message)
        return 0


def _taken_back(work: ExclusiveRun, entry: dict[str, Any]) -> int:
    """Take back what one entry of the journal announced; return how many files it brought."""
    event = entry["event"]
    if event == removed_directories.EMPTYING:
        removed_directories.make_again(entry)
    if event == unit_file_undo.INSTALLING:
        return unit_file_undo.take_back(os.path.join(work.folder, evidence.FOLDER), entry)
    if event == "page on":
        page_file.take_back(work.folder, entry)
    if event == default_undo.DEFAULTING:
        return default_undo.take_back(work, entry)
    if event in PARTS:
        module, _, function = PARTS[event].partition(":")
        part = importlib.import_module(module, __package__)
        return int(getattr(part, function)(work, entry))
    return 0
