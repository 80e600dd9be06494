"""Undo: everything that a run changed is taken back, the last change first, or nothing at all.

What stands in the way is collected before anything is touched.
"""

from __future__ import annotations

import os
from typing import Any, Optional

from . import (
    defaulted,
    emptying,
    evidence,
    guard,
    pagefile,
    progress,
    renaming,
    returning,
    runs,
    unitfiles,
    units,
)
from .journal import entries
from .problem import Problem
from .working import CHANGES, Work, folder_of, working


def look(question: dict[str, Any]) -> dict[str, Any]:
    """Return what undo would do; nothing is changed, and no lock is taken.

    `files` come back to their failed versions, `moved` out of the evidence, `units` are unit files
    that are installed again, `page` is a maintenance page that is taken away, `database` one that
    is swapped back; `conflicts` are changes made since then, for which it refuses; `undone` tells
    whether it was done already.
    """
    folder = folder_of(question)
    if folder is None or not os.path.isdir(folder):
        raise Problem(
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
    _both(defaulted.standing(_of(written, defaulted.DEFAULTING)), files, conflicts)
    asked = {**question, "replaced": files[:]}
    for part in returning.JOURNALS:
        _both(returning.standing(asked, folder, part), files, conflicts)
    for entry in written:
        if entry["event"] == evidence.MOVING:
            _both(evidence.standing(folder, entry), moved, conflicts)
        if entry["event"] == emptying.EMPTYING:
            conflicts += emptying.standing(entry)
    installed, changed = unitfiles.standing(_of(written, unitfiles.INSTALLING))
    pages = _of(written, "page on")
    return {
        "files": files,
        "moved": moved,
        "units": installed,
        "page": next((each["page"] for each in pages if os.path.lexists(each["page"])), None),
        "database": _last(written, renaming.RESTORING, "name"),
        "conflicts": conflicts + changed + pagefile.standing(pages),
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
        Problem: something was changed after the run: all of that, and nothing was touched; or the
            host failed half way, the same call again goes on.
    """
    with working(question, back=True) as work:
        if progress.undoing(work.journal.entries) == "done":
            runs.undone(question["state"], question["run"])
            return {"undone": 0, "moved": 0}
        conflicts = _ahead(question, work.folder)["conflicts"]
        if conflicts:
            raise Problem(
                f"changed after the run, nothing was undone: {'; '.join(conflicts)}",
                "save these elsewhere, and put back what the run left there; or keep them, and "
                "leave the run as it is",
            )
        if progress.undoing(work.journal.entries) is None:
            work.journal.add(progress.UNDO)
        with guard.raised(question, work):
            taken = _undone(question, work)
        work.journal.add(progress.UNDONE)
        runs.undone(question["state"], question["run"])
        return taken


def _undone(question: dict[str, Any], work: Work) -> dict[str, Any]:
    said: list[str] = []
    moved = sum(_attempt(work, each, said) for each in reversed(work.journal.entries[:]))
    if said:
        raise Problem(
            "; ".join(said),
            "put it right on the host, and run the same command again",
            "unfinished",
        )
    undone = sum(
        returning.take_back(question, work, part) for part in reversed(list(returning.JOURNALS))
    )
    if question.get("manager") and work.journal.last(unitfiles.INSTALLING):
        units.reload(question)
    if work.journal.last("page on"):
        pagefile.tell(question)
    return {"undone": undone, "moved": moved}


def _attempt(work: Work, entry: dict[str, Any], said: list[str]) -> int:
    """Take back one entry; add to `said` what stands in the way."""
    try:
        return _taken_back(work, entry)
    except Problem as problem:
        said.append(problem.message)
        return 0


def _taken_back(work: Work, entry: dict[str, Any]) -> int:
    """Take back what one entry of the journal announced; return how many files it brought."""
    event = entry["event"]
    if event == evidence.MOVING:
        return evidence.bring_back(work.folder, entry)
    if event == emptying.EMPTYING:
        emptying.make_again(entry)
    if event == unitfiles.INSTALLING:
        return unitfiles.take_back(os.path.join(work.folder, evidence.FOLDER), entry)
    if event == "page on":
        pagefile.take_back(work.folder, entry)
    if event == defaulted.DEFAULTING:
        return defaulted.take_back(work, entry)
    if event == renaming.RESTORING:
        return renaming.take_back(work, entry)
    return 0
