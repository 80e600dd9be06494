"""Put saved copies back: stage, preserve, commit, verify; the same call again goes on, undo undoes.

At every instant each path holds its whole old or its whole new content. Both stay on the host: the
saved copy is only read, and the failed version keeps a second name until the run is closed.
What is left to do is told by content, never by counters, so any crash is followed by the same call.

There are two parts, the files and the configuration, each with a journal of its own.
"""

from __future__ import annotations

import hashlib
import os
from typing import Any, Iterable, Optional, Sequence

from ..backup.owners import Owners
from ..errors import HostError
from ..messages.location import ComponentFiles
from ..state import backup_set
from ..state.backup_set import FileEntry
from ..state.journal import Journal, entries
from ..state.lock import folder_of, opened, working
from ..system import disk
from . import batch, git_source
from .commit import EXCHANGE
from .diff import DiffOptions
from .plan import COPY, PlanItem, PlanItems, ReadCache
from .revert import JOURNALS, place, plans, since_plan

PIECE = 1000
"""Files in one entry of a journal."""


def look(question: dict[str, Any]) -> dict[str, Any]:
    """Return what a restore would do: the paths, their bytes, and the digest of the plan.

    `git` are those among the paths whose saved copy cannot be used, and the recorded commit can.
    What the question's run began and has not verified is named as it was planned: it goes on with
    that, even when nothing but its last word is missing.
    """
    items = begun(question) or wanted(question)
    return {
        "paths": [item.saved.path for item in items],
        "git": [item.saved.path for item in items if item.source == "git"],
        "bytes": sum(item.saved.size for item in items),
        "digest": digest(items),
    }


def begun(question: dict[str, Any]) -> Sequence[PlanItem]:
    """Return what the question's run planned and has not seen through to its end."""
    folder, part = folder_of(question), question.get("part")
    found: list[PlanItem] = []
    for name, journal in JOURNALS.items() if folder else ():
        if part in {None, name}:
            written = entries(os.path.join(folder or "", journal))
            events = [entry["event"] for entry in written]
            if "plan" in events and not {"verified", "undo"} & set(since_plan(events)):
                found += plans(written)[-1]
    return found


def digest(items: Iterable[PlanItem]) -> str:
    """Return what binds a plan to the very contents it was made from."""
    found = hashlib.sha256()
    for item in items:
        text = ascii((item.saved.path, item.saved.sha256, item.live))
        found.update(text.encode("ascii"))
    return found.hexdigest()


def meant(question: dict[str, Any]) -> list[FileEntry]:
    """Return the recorded files that a question is about.

    Its `only` names owners (none: everybody's), its `part` is "files" or "configuration" (none:
    both), and `configuration` lists the files and directories that make up the second part.
    `without` names files that are left alone; those in `secrets` are for their owner alone.
    """
    components = [ComponentFiles(each["name"], each["patterns"]) for each in question["components"]]
    owners, only = Owners(components), question.get("only")
    part, second = question.get("part"), question.get("configuration", ())
    without = frozenset(question.get("without", ()))
    secrets = frozenset(question.get("secrets", ()))
    return [
        backup_set.capped(saved, secrets)
        for saved in backup_set.read(question["state"]).files
        if saved.path not in without
        and (not only or owners.of(saved.path) in only)
        and (not part or (part == "configuration") == is_below(saved.path, second))
    ]


def is_below(path: str, places: Iterable[str]) -> bool:
    """Tell whether a path is one of these, or lies in one of them."""
    return any(path == place or path.startswith(f"{place}/") for place in places)


def wanted(question: dict[str, Any], seen: Optional[ReadCache] = None) -> PlanItems:
    """Return the files whose live side is not the recorded one; refuse a bad copy of any of them.

    With `seen` they are about to be restored: what was read is noted there, and saved copies whose
    names will be exchanged are made durable while they are open.

    Raises:
        HostError: no record, or copies that may not be used; all of them at once.
    """
    files = meant(question)
    root, names = question["root"], [saved.path for saved in files]
    refused = mounted(root, names)
    asked = question.get("way", EXCHANGE if len(files) >= batch.MANY else None)
    sides = DiffOptions(root, question["suffix"], files, seen is not None and asked == EXCHANGE)
    found, more = sides.compared(seen)
    refused += more
    refused += _from_git(question, found)
    refused += read_only(root, [item.saved.path for item in found])
    if refused:
        raise HostError("; ".join(refused), "pytest suites/readiness names the way out for each")
    return found


def mounted(root: str, names: Iterable[str]) -> list[str]:
    """Return which files are mount points: no other file can be given the name of one."""
    above, known = os.path.realpath(root), disk.points()
    inside = {point for point in known if point.startswith(f"{above}/")}
    found = [name for name in names if os.path.join(above, name) in inside] if inside else []
    return [f"{name}: something is mounted on the live side: umount it" for name in found]


def read_only(root: str, names: Iterable[str]) -> list[str]:
    """Return which directories of files lie where nobody can write, each once."""
    places = sorted({os.path.dirname(os.path.join(root, name)) for name in names})
    shut = [each for each in places if os.statvfs(disk.existing(each)).f_flag & os.ST_RDONLY]
    return [f"{each}: its file system is mounted read-only: findmnt -T {each}" for each in shut]


def _from_git(question: dict[str, Any], items: PlanItems) -> list[str]:
    """Have the items without a good saved copy come from git; return what not even git can give."""
    wrong = {item.saved.path: item.source for item in items if item.source != COPY}
    lacking = git_source.lacking(question, items.come_from("git"))
    return [f"{path}: {wrong[path]}; {why}" for path, why in lacking.items() if why]


def reached(journal: Journal, event: str) -> bool:
    """Tell whether the latest plan has come as far as an event."""
    return event in since_plan([entry["event"] for entry in journal.entries])


def apply(question: dict[str, Any]) -> dict[str, Any]:
    """Restore what the plan named, or go on with what an earlier call of this run began.

    Raises:
        HostError: the world is not the one that was planned for; nothing was changed.
        OSError: the host failed half way; the same call again goes on, undo takes back.
    """
    with working(question) as work:
        journal = opened(work.folder, JOURNALS[question.get("part") or "files"])
        try:
            seen = ReadCache()
            if not plans(journal.entries) or reached(journal, "verified"):
                _plan(question, journal, seen)
            known = plans(journal.entries)
            items = known[-1]
            if not reached(journal, "verified"):
                where = place(question, len(known) - 1)._replace(seen=seen)
                where = batch.way(question.get("way"), where, items, journal)
                batch.carry_out(where, items, journal)
            return {"restored": len(items)}
        finally:
            journal.close()


def _plan(question: dict[str, Any], journal: Journal, seen: ReadCache) -> None:
    """Write down what will be done; after an earlier plan only when there is something to do."""
    items = wanted(question, seen)
    if plans(journal.entries) and not items:
        return
    if digest(items) != question["digest"]:
        raise HostError("files changed since the plan was made", "run the same command again")
    git_source.fetch(question, [item.saved for item in items if item.source == "git"])
    _written(journal, items)


def _written(journal: Journal, items: PlanItems) -> None:
    """Write a plan down, in pieces when it is long; in memory the items are there only once."""
    last = max(0, len(items) - 1) // PIECE
    for number in range(last + 1):
        piece = items[number * PIECE : (number + 1) * PIECE]
        rows = [[*item.saved, item.live] for item in piece]
        if number < last:
            journal.add("items", items=rows)
        else:
            journal.add("plan", items=rows, pieces=last)
        journal.entries[-1]["items"] = items
