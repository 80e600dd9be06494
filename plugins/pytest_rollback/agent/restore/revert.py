"""Files go back to what they were before a run: its plans are read again, the last one first.

Apart from restoring, so that what undo sends to a host stays small.
"""

from __future__ import annotations

import os
from typing import Any

from ..files import state
from ..files.tree import Tree
from ..state import evidence
from ..state.backup_set import FileEntry
from ..state.journal import entries
from ..state.lock import ExclusiveRun, opened
from . import batch, commit
from .commit import BatchContext
from .plan import PlanItem, PlanItems, ReadCache

JOURNALS = {"files": "journal", "configuration": "journal-configuration"}


def since_plan(events: list[str]) -> list[str]:
    """Return the events that follow the latest plan."""
    return events[len(events) - events[::-1].index("plan") :]


def plans(entries: list[dict[str, Any]]) -> list[PlanItems]:
    """Return what each plan of a journal restores; a plan is whole with its last entry."""
    return [
        _planned(entries[number - entry.get("pieces", 0) : number + 1])
        for number, entry in enumerate(entries)
        if entry["event"] == "plan"
    ]


def _planned(pieces: list[dict[str, Any]]) -> PlanItems:
    """Return what a plan restores: as this very call made it, or as it is written."""
    whole = pieces[-1]["items"]
    if isinstance(whole, PlanItems):
        return whole
    found = PlanItems()
    for piece in pieces:
        for *saved, live in piece["items"]:
            found.add(FileEntry(*saved), live)
    return found


def place(question: dict[str, Any], number: int) -> BatchContext:
    """Return where a plan of the question's run is carried out; later plans have other marks."""
    part = question.get("part")
    mark = question["run"] + ("" if part in {None, "files"} else "-c")
    named = mark if number == 0 else f"{mark}-{number}"
    root, suffix, run = question["root"], question["suffix"], question["run"]
    store = evidence.fetched_folder(question)
    found = store if os.path.isdir(store) else ""
    return BatchContext(root, suffix, named, ReadCache(), found, run=run)


def take_back(question: dict[str, Any], work: ExclusiveRun, part: str) -> int:
    """Bring a part's files back to what they were before the run; return how many they are.

    A file that was restored twice, because it was deployed again in between, becomes what it was
    before the last time; what it was before the first is kept in the evidence.
    """
    name = JOURNALS[part]
    if not os.path.exists(os.path.join(work.folder, name)):
        return 0
    journal = opened(work.folder, name)
    try:
        known = plans(journal.entries)
        if known and journal.last("undo") is None:
            journal.add("undo")
        back: set[str] = set()
        for number in reversed(range(len(known))):
            where = place({**question, "part": part}, number)
            fresh = [item for item in known[number] if item.saved.path not in back]
            batch.forget(where, fresh)
            where.each(commit.take_back, fresh)
            where.settle(fresh)
            _keep(work, where, [item for item in known[number] if item.saved.path in back])
            back.update(item.saved.path for item in fresh)
        if known and journal.last("undone") is None:
            journal.add("undone")
        return len(back)
    finally:
        journal.close()


def standing(question: dict[str, Any], folder: str, part: str) -> tuple[list[str], list[str]]:
    """Return which files undo would bring back, and what stands in the way of that.

    What was `replaced` after its restore is taken back before it, and stands in no way.
    """
    back: dict[str, PlanItem] = {}
    for items in reversed(plans(entries(os.path.join(folder, JOURNALS[part])))):
        back.update((item.saved.path, item) for item in items if item.saved.path not in back)
    for path in question.get("replaced", ()):
        back.pop(path, None)
    with Tree(question["root"]) as tree:
        live = {path: state.live(tree, path) for path in back}
    said = [
        f"{path} changed after the restore"
        for path, item in back.items()
        if not (item.may_go(live[path]) or item.is_failed(live[path]))
    ]
    return [path for path, item in back.items() if not item.is_failed(live[path])], said


def _keep(work: ExclusiveRun, where: BatchContext, items: list[PlanItem]) -> None:
    """Move failed versions that nothing will take the place of into the evidence."""
    paths = [item.saved.path for item in items]
    beside = [os.path.join(os.path.dirname(path), where.names(path)[1]) for path in paths]
    evidence.put_away(work, "failed", where.root, beside, paths)
