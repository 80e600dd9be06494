"""Undo: everything that a run changed in files is taken back, the last change first."""

from __future__ import annotations

import os
from typing import Any

from . import database, emptying, evidence, renaming, restoring, runs, unitfiles, units
from .problem import Problem
from .working import Work, working


def undo(question: dict[str, Any]) -> dict[str, Any]:
    """Bring the failed release back as it was, from any point of the run; twice changes nothing.

    No unit is stopped or started: stop them first, start them after. With a `manager` it reads
    unit files again that came back. The maintenance page stays as it is.

    Raises:
        Problem: something was changed after the run; that stays, all else was taken back.
    """
    with working(question) as work:
        said: list[str] = []
        moved = _changes_back(work, said)
        if said:
            raise Problem(
                "; ".join(said),
                "save it elsewhere first, and run the same command again",
                "unfinished",
            )
        undone = sum(
            restoring.take_back(question, work, part) for part in reversed(list(restoring.JOURNALS))
        )
        runs.undone(question["state"], question["run"])
        if question.get("manager") and work.journal.last(unitfiles.INSTALLING):
            units.reload(question)
    return {"undone": undone, "moved": moved}


def _changes_back(work: Work, said: list[str]) -> int:
    """Take back moves and installations; add to `said` what stands in the way of one."""
    return sum(_attempt(work, entry, said) for entry in reversed(list(work.journal.entries)))


def _attempt(work: Work, entry: dict[str, Any], said: list[str]) -> int:
    try:
        return _taken_back(work, entry)
    except Problem as problem:
        said.append(problem.message)
        return 0


def _taken_back(work: Work, entry: dict[str, Any]) -> int:
    """Take back what one entry of the journal announced; return how many files it brought."""
    event = entry["event"]
    if event == evidence.MOVING:
        return 0 if entry["kind"] == "page" else evidence.bring_back(work.folder, entry)
    if event == emptying.EMPTYING:
        emptying.make_again(entry)
    if event == unitfiles.INSTALLING:
        return unitfiles.take_back(os.path.join(work.folder, evidence.FOLDER), entry)
    if event == database.RESTORING:
        return renaming.take_back(work, entry)
    return 0
