"""Restore files from their backups: stage, preserve, commit, verify; the same call again goes on.

At every instant each path holds its whole old or its whole new content. Both stay on the host: the
backup is only read, and the failed version keeps a second name until the run is closed. What is
left to do is told by content, never by counters, so any crash is followed by the same call.

There are two parts, the files and the configuration, each with a journal of its own.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shlex
from typing import Iterable, Optional, Sequence, Tuple

from ..backup import additions
from ..backup.selection import meant
from ..errors import HostError
from ..files import lookup, metadata, state
from ..files.handles import Irregular
from ..files.metadata import FileEntry
from ..files.tree import Tree
from ..messages.location import Location
from ..messages.restore import Restored, RestorePlan, RestoreRequest
from ..state import backup_set, removed_directories
from ..state.journal import Journal, entries
from ..state.lock import ExclusiveRun, folder_of, opened, working
from ..state.progress import PARTS
from ..state.releases import copies, linked
from ..system import disk
from . import batch, git_fetch, git_source
from .context import context
from .diff import DiffOptions
from .plan import ABSENT, COPY, FOUND, PlanItem, PlanItems, ReadCache, plans, since_plan
from .revert import found_again

PIECE = 1000
"""Files in one entry of a journal."""


def look(request: RestoreRequest) -> RestorePlan:
    """Return what a restore would do.

    What the request's run began and has not verified is named as it was planned: it goes on with
    that, even when nothing but its last word is missing.
    """
    items = begun(request) or wanted(request)
    return RestorePlan(
        paths=tuple(item.saved.path for item in items),
        git=tuple(item.saved.path for item in items if item.source == "git"),
        bytes=sum(item.saved.size for item in items),
        digest=digest(items),
        release=_named(request.location) if items else "",
    )


def _named(location: Location) -> str:
    """Return the name of the recorded release."""
    try:
        return backup_set.read(location.state).previous.name
    except HostError:  # the journal of the run has its files, and the record is gone
        return ""


def begun(request: RestoreRequest) -> Sequence[PlanItem]:
    """Return what the request's run planned and has not seen through to its end."""
    folder = folder_of(request.location)
    found: list[PlanItem] = []
    for name, journal in PARTS.items() if folder else ():
        if request.part in {"", name}:
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


def wanted(
    request: RestoreRequest,
    seen: Optional[ReadCache] = None,
    files: Optional[Sequence[FileEntry]] = None,
) -> PlanItems:
    """Return the files whose live side is not the recorded one; note in `seen` what was read.

    `files` are those that the request means, where they are known already.

    Raises:
        HostError: no record, or backups that may not be used; all of them at once.
    """
    location, root = request.location, request.location.root
    files = asked(request) if files is None else files
    if files and not request.selection.git and lookup.kind(root) == "directory":
        _refuse_elsewhere(location, files)
    refused = disk.mounted(root, [saved.path for saved in files])
    where = copies.recorded(location)
    ways = frozenset(each.path for each in backup_set.read(location.state).ways)
    found, more = DiffOptions(root, where, files, ways).compared(seen)
    refused += more
    refused += _from_git(request, found)
    gone = linked.gone(backup_set.read(location.state)) if found else {}
    refused += [
        f"{item.saved.path}: {gone[item.saved.path]}" for item in found if item.saved.path in gone
    ]
    refused += read_only(root, [item.saved.path for item in found])
    refused += protected(root, [item.saved.path for item in found])
    if refused:
        raise HostError("; ".join(refused), "rollback ready gives a remedy for each")
    return found


def _refuse_elsewhere(location: Location, files: Sequence[FileEntry]) -> None:
    """Refuse a root below which there is nothing of the backup set: it is not the one that was.

    Raises:
        HostError: no recorded file, and no backup of one, is there.
    """
    paths = [saved.path for saved in files]
    named = (*paths, *copies.recorded(location).beside(paths))
    if not any(lookup.kind(os.path.join(location.root, path), follow=False) for path in named):
        place = shlex.quote(location.root)
        raise HostError(
            f"nothing of the backup set is below {location.root}: another directory has its place, "
            "or its file system is not mounted",
            f"on the host: findmnt -T {place}; ls -la {place}; then run the same command again",
        )


def asked(request: RestoreRequest) -> Sequence[FileEntry]:
    """Return the recorded files that a request means."""
    location, selection = request.location, request.selection
    return meant(location.state, selection, request.part, request.without, root=location.root)


def read_only(root: str, names: Iterable[str]) -> list[str]:
    """Return which directories of files lie where nobody can write, each once."""
    places = sorted({os.path.dirname(os.path.join(root, name)) for name in names})
    shut = [each for each in places if os.statvfs(disk.existing(each)).f_flag & os.ST_RDONLY]
    return [f"{each}: its file system is mounted read-only: findmnt -T {each}" for each in shut]


def protected(root: str, names: Iterable[str]) -> list[str]:
    """Return which directories of files `chattr` protects: no name changes there, each once."""
    found = []
    with Tree(root) as tree:
        for above in sorted({os.path.dirname(name) for name in names}):
            with contextlib.suppress(OSError, Irregular):
                flags, place = metadata.flags(tree.directory(above)), os.path.join(root, above)
                words = f"{place}: the directory is {metadata.flag_words(flags)}"
                found += [f"{words}: chattr -ia {shlex.quote(place)}"] if flags else []
    return found


def _from_git(request: RestoreRequest, items: PlanItems) -> list[str]:
    """Have the items without a good backup come from git; return what not even git can give."""
    wrong = {item.saved.path: item.source for item in items if item.source != COPY}
    state, repository = request.location.state, request.selection.git
    lacking = git_source.lacking(state, repository, items.come_from("git"))
    return [f"{path}: {wrong[path]}; {why}" for path, why in lacking.items() if why]


def reached(journal: Journal, event: str) -> bool:
    """Tell whether the latest plan has come as far as an event."""
    return event in since_plan([entry["event"] for entry in journal.entries])


def apply(request: RestoreRequest) -> Restored:
    """Restore what the plan named, or go on with what an earlier call of this run began.

    Raises:
        HostError: the world is not the one that was planned for; nothing was changed.
        OSError: the host failed half way; the same call again goes on, undo takes back.
    """
    with working(request.location) as work:
        journal = opened(work.folder, PARTS[request.part or "files"])
        try:
            seen = ReadCache()
            if not plans(journal.entries) or reached(journal, "verified"):
                _plan(request, work, (journal, seen))
            known = plans(journal.entries)
            items = known[-1]
            if not reached(journal, "verified"):
                where = context(request.location, request.part, len(known) - 1)
                backups = copies.recorded(request.location)
                where = where._replace(seen=seen, copies=backups if backups.are_apart else None)
                way = batch.chosen(request.way, where, items, journal)
                batch.carry_out(where, way, items, journal)
            return Restored(len(items))
        finally:
            journal.close()


def _plan(request: RestoreRequest, work: ExclusiveRun, notes: Tuple[Journal, ReadCache]) -> None:
    """Write down what will be done; after an earlier plan only when there is something to do."""
    journal, seen = notes
    files = asked(request)
    items = wanted(request, seen, files)
    fresh = digest(items)
    lost = [item.saved for item in items if item.source == "git"]
    known = len(plans(journal.entries))
    again = found_again(request.location, request.part, known, files)
    items.extend(again)
    if known and not items:
        return
    if fresh != request.digest:
        raise HostError("files changed since the plan was made", "run the same command again")
    removed_directories.make_missing(work, request.location.root, _ways(request.location, items))
    git_fetch.fetch(request.location, request.selection.git, lost)
    facts = {FOUND: len(again)} if again else {}
    _written(journal, items, **facts, **{ABSENT: absent(request.location)})


def _ways(location: Location, items: Iterable[PlanItem]) -> list[FileEntry]:
    """Return the recorded directories on the way to some files, the outermost first."""
    above = {path for item in items for path in additions.above(item.saved.path)}
    return [each for each in backup_set.read(location.state).ways if each.path in above]


def absent(location: Location) -> list[str]:
    """Return the recorded added files that are not there: undo misses all others of them."""
    with Tree(location.root) as tree:
        return [
            path
            for path in backup_set.read(location.state).added
            if state.live(tree, path, -1).kind == state.ABSENT
        ]


def _written(journal: Journal, items: PlanItems, **facts: object) -> None:
    """Write a plan down, in pieces when it is long; in memory the items are there only once.

    `facts` are how many of its files were restored before, by calls that the journal does not know,
    and which added files are not there.
    """
    last = max(0, len(items) - 1) // PIECE
    for number in range(last + 1):
        piece = items[number * PIECE : (number + 1) * PIECE]
        rows = [item.row for item in piece]
        if number < last:
            journal.add("items", items=rows)
        else:
            journal.add("plan", items=rows, pieces=last, **facts)
        journal.entries[-1]["items"] = items
