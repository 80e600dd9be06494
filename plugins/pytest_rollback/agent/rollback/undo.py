"""Undo: everything that a run changed is taken back, the last change first, or nothing at all.

What stands in the way is collected before anything is touched.
"""

from __future__ import annotations

import os
from typing import Any, Optional

from ..database import swap
from ..errors import HostError
from ..restore import revert
from ..services import unit_files, units
from ..state import evidence, progress, runs
from ..state.journal import entries
from ..state.lock import CHANGES, ExclusiveRun, folder_of, working
from . import default_undo, empty_directories, page_file, start_guard


def look(question: dict[str, Any]) -> dict[str, Any]:
    """Return what undo would do; nothing is changed, and no lock is taken.

    `files` come back to their failed versions, `moved` out of the evidence, `units` are unit files
    that are installed again, `page` is a maintenance page that is taken away, `database` one that
    is swapped back; `conflicts` are changes made since then, for which it refuses; `undone` tells
    whether it was done already.
    """
    folder = folder_of(question)
    if folder is None or not os.path.isdir(folder):
        raise HostError(
            f"there is no run {question.get('run')} in {question['state']}",
            "'rollback status' lists those there are",
        )
    written = entries(os.path.join(folder, CHANGES))
    return {"undone": progress.undoing(written) == "done", **_ahead(question, folder)}


def _ahead(question: dict[str, Any], folder: str) -> dict[str, Any]:
    """Return what is ahead, and everything that stands in its way."""
    written = entries(os.path.join(folder, CHANGES))
    files: list[str] = []
    moved: list[str] = []
    conflicts: list[str] = []
    _both(default_undo.standing(_of(written, default_undo.DEFAULTING)), files, conflicts)
    asked = {**question, "replaced": files[:]}
    for part in revert.JOURNALS:
        _both(revert.standing(asked, folder, part), files, conflicts)
    for entry in written:
        if entry["event"] == evidence.MOVING:
            _both(evidence.standing(folder, entry), moved, conflicts)
        if entry["event"] == empty_directories.EMPTYING:
            conflicts += empty_directories.standing(entry)
    installed, changed = unit_files.standing(_of(written, unit_files.INSTALLING))
    pages = _of(written, "page on")
    return {
        "files": files,
        "moved": moved,
        "units": installed,
        "page": next((each["page"] for each in pages if os.path.lexists(each["page"])), None),
        "database": _last(written, swap.RESTORING, "name"),
        "conflicts": conflicts + changed + page_file.standing(pages),
    }


def _both(found: tuple[list[str], list[str]], first: list[str], second: list[str]) -> None:
    first += found[0]
    second += found[1]


def _of(written: list[dict[str, Any]], event: str) -> list[dict[str, Any]]:
    return [each for each in written if each["event"] == event]


def _last(written: list[dict[str, Any]], event: str, key: str) -> Optional[str]:
    return next((str(each.get(key)) for each in reversed(written) if each["event"] == event), None)


def undo(question: dict[str, Any]) -> dict[str, Any]:
    """Bring the failed release back as it was, from any point of the run; twice changes nothing.

    No unit is stopped or started: stop them first, start them after. With a `manager` it reads
    unit files again that came back; `check` and `reload` are the edge's, for the maintenance page.

    Raises:
        HostError: something was changed after the run: all of that, and nothing was touched; or the
            host failed half way, the same call again goes on.
    """
    with working(question, back=True) as work:
        if progress.undoing(work.journal.entries) == "done":
            runs.undone(question["state"], question["run"])
            return {"undone": 0, "moved": 0}
        conflicts = _ahead(question, work.folder)["conflicts"]
        if conflicts:
            raise HostError(
                f"changed after the run, nothing was undone: {'; '.join(conflicts)}",
                "save these elsewhere, and put back what the run left there; or keep them, and "
                "leave the run as it is",
            )
        if progress.undoing(work.journal.entries) is None:
            work.journal.add(progress.UNDO)
        with start_guard.raised(question, work):
            taken = _undone(question, work)
        work.journal.add(progress.UNDONE)
        runs.undone(question["state"], question["run"])
        return taken


def _undone(question: dict[str, Any], work: ExclusiveRun) -> dict[str, Any]:
    said: list[str] = []
    moved = sum(_attempt(work, each, said) for each in reversed(work.journal.entries[:]))
    if said:
        raise HostError(
            "; ".join(said),
            "put it right on the host, and run the same command again",
            "unfinished",
        )
    undone = sum(revert.take_back(question, work, part) for part in reversed(list(revert.JOURNALS)))
    if question.get("manager") and work.journal.last(unit_files.INSTALLING):
        units.reload(unit_files.manager_of(question))
    if work.journal.last("page on"):
        page_file.tell(question)
    return {"undone": undone, "moved": moved}


def _attempt(work: ExclusiveRun, entry: dict[str, Any], said: list[str]) -> int:
    """Take back one entry; add to `said` what stands in the way."""
    try:
        return _taken_back(work, entry)
    except HostError as problem:
        said.append(problem.message)
        return 0


def _taken_back(work: ExclusiveRun, entry: dict[str, Any]) -> int:
    """Take back what one entry of the journal announced; return how many files it brought."""
    event = entry["event"]
    if event == evidence.MOVING:
        return evidence.bring_back(work.folder, entry)
    if event == empty_directories.EMPTYING:
        empty_directories.make_again(entry)
    if event == unit_files.INSTALLING:
        return unit_files.take_back(os.path.join(work.folder, evidence.FOLDER), entry)
    if event == "page on":
        page_file.take_back(work.folder, entry)
    if event == default_undo.DEFAULTING:
        return default_undo.take_back(work, entry)
    if event == swap.RESTORING:
        return swap.take_back(work, entry)
    return 0
