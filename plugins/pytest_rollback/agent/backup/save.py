"""Save what a deploy is about to change: backups beside the files first, then the record.

Live files are only ever read. Every reason to refuse is found, and reported at once, before the
first change. The same call again changes nothing.
"""

from __future__ import annotations

import json
import os
import time
from typing import Any, Iterable

from ..errors import FINDING, HostError
from ..files import copy
from ..files.metadata import FileEntry
from ..files.state import live, pair
from ..files.tree import Tree
from ..messages.backup.save import ReplacedSet, SaveRequest, SaveResult
from ..state import backup_set, own_names
from ..state import directory as places
from ..state import lease as leases
from ..state.backup_set import BackupSet
from ..state.releases import completed, contents, copies, sets
from . import additions
from .request import checked
from .save_plan import SavePlan, follows, planned, recorded

MOST = 50


def save(request: SaveRequest) -> SaveResult:
    """Save the named files, and record the set.

    Raises:
        HostError: something speaks against it; nothing was changed. Kind `unfinished` when a
            write failed half way: live files are untouched, the same call again completes it.
    """
    request, plan = _planned(request)
    state = request.location.state
    directory = places.made(state)
    try:
        with places.held(directory, state):
            alone(state)
            if recorded(request) != plan.old:
                raise HostError(
                    f"another run has just recorded a backup set in {state}",
                    "run the same command again",
                    kind="held",
                )
            return _perform(request, plan)
    finally:
        os.close(directory)


def foresee(request: SaveRequest) -> SaveResult:
    """Return what `save` would. Nothing is changed.

    `retired` counts nothing yet, and `sha256` is that of the record there is.

    Raises:
        HostError: something speaks against it.
    """
    request, plan = _planned(request)
    fresh = _record(request, plan, [_unsaved(path) for path in plan.save])
    changed = bool(plan.save) or plan.old is None or not plan.same or not _alike(fresh, plan.old)
    return _result(request, plan, fresh, changed=changed)


def _planned(request: SaveRequest) -> tuple[SaveRequest, SavePlan]:
    """Return the request with its paths in order, and its plan.

    Raises:
        HostError: something speaks against it.
    """
    request = checked(request)
    alone(request.location.state)
    plan = planned(request)
    _no_mix(request, plan)
    _refuse(request, plan)
    return request, plan


def _no_mix(request: SaveRequest, plan: SavePlan) -> None:
    """Raise where a rollback has left failed versions: what is live may be of two releases."""
    location = request.location
    near = list(own_names.near(location, plan.save))
    ours = [path for path in near if own_names.run_of(os.path.basename(path))]
    if ours:
        raise HostError(
            f"a rollback has left {os.path.join(location.root, ours[0])}: the live files may "
            "belong to two releases",
            "finish it first: the same command as then; what lies there of no unfinished run is "
            "moved to a directory outside of the root",
            kind="held",
        )


def alone(state: str) -> None:
    """Raise while a rollback is running or unfinished: the live files belong to no release then."""
    for other in leases.every(state):
        if other.is_alive:
            raise other.held()
    if os.path.lexists(os.path.join(state, leases.MARKER)):
        raise HostError(
            "a rollback is unfinished: the live files belong to no release",
            "finish it first: 'rollback status' shows the command; deploy afterwards",
            kind="held",
        )


def _unsaved(path: str) -> FileEntry:
    """Return the entry of a file that is not saved yet."""
    return FileEntry(path, "", 0, 0, 0, 0, 0, {})


def _refuse(request: SaveRequest, plan: SavePlan) -> None:
    """Raise when there is a reason to refuse, with all of them."""
    if not plan.problems:
        return
    shown, where = list(plan.problems[:MOST]), ", ".join(request.location.places)
    if len(plan.problems) > MOST:
        shown.append(f"... and {len(plan.problems) - MOST} more")
    raise HostError(
        FINDING.join(
            [
                f"no backup was made in {where}; reasons: {len(plan.problems)}",
                *(each.replace("\n", "\\n") for each in shown),
            ]
        ),
        _way_out(request, plan),
    )


def _way_out(request: SaveRequest, plan: SavePlan) -> str:
    """Return the hint that fits the reasons best."""
    if any(each.startswith("the state directory") for each in plan.problems):
        return places.hint(request.location.state)
    if any("--replace" in each for each in plan.problems):
        return (
            "find out whose these backups are; once there is a copy of them elsewhere, or nobody "
            "needs them any more, see --replace in 'rollback save --help'"
        )
    if any("file system has" in each for each in plan.problems):
        place = request.location.state if request.keep else request.location.root
        room = f"free space on the host, see 'df -h {place}'"
        return f"{room}, and run the same command again"
    return "repair each file on the host or leave it out, and run the same command again"


def _perform(request: SaveRequest, plan: SavePlan) -> SaveResult:
    """Save, retire, record: in this order, so that no record names a backup that is missing."""
    root, state = request.location.root, request.location.state
    batch = contents.stage(state, root, plan.save) if request.keep else copy.stage(root, plan.save)
    if batch.problems:
        _refuse(request, plan._replace(problems=tuple(batch.problems)))
    fresh = _record(request, plan, batch.saved)
    try:
        _named(request, fresh, batch.saved)
        retired = _retire(request, plan, fresh)
    except OSError as error:
        raise HostError(
            f"the backups are incomplete: {error}; live files were not touched",
            "repair it on the host, and run the same command again to complete the set",
            kind="unfinished",
        ) from error
    changed = bool(retired) or plan.old is None or not plan.same or not _alike(fresh, plan.old)
    if changed and fresh.kept:
        sets.note(state, fresh)
    digest = backup_set.write(state, fresh) if changed else fresh.sha256
    result = _result(request, plan, fresh, changed=changed or bool(plan.save))
    kept = _pruned(request, fresh) if request.keep else 0
    return result._replace(retired=retired, sha256=digest, sets=kept)


def _named(request: SaveRequest, fresh: BackupSet, saved: list[FileEntry]) -> None:
    """Give the staged backups their names, durably."""
    if fresh.kept:
        contents.commit(request.location.state, fresh.kept, saved)
        return
    copied = [entry.path for entry in saved if not entry.is_directory]
    copy.commit(request.location.root, copied, request.location.suffix)


def _pruned(request: SaveRequest, fresh: BackupSet) -> int:
    """Remove the sets that lead no way back any more, or one too far; return how many there are.

    They are removed once the record is written, so that a kill leaves one too many.
    """
    state = request.location.state
    kept = [each.name for each in sets.chain(sets.every(state))[: request.keep]]
    contents.prune(state, {*kept, fresh.kept})
    return len(kept)


def _result(request: SaveRequest, plan: SavePlan, fresh: BackupSet, *, changed: bool) -> SaveResult:
    """Return what came of a plan, before any backup is retired and the record is written."""
    old = None if plan.same or (plan.old and follows(request, plan.old)) else plan.old
    return SaveResult(
        changed=changed,
        saved=len(plan.save),
        kept=len(plan.keep),
        retired=0,
        files=len(fresh.files),
        bytes=sum(saved.size for saved in fresh.files),
        added=len(fresh.added),
        differ=plan.differ,
        unsaved=plan.unsaved,
        record=f"{request.location.state}/{backup_set.NAME}",
        sha256=fresh.sha256,
        replaced=ReplacedSet(old.previous.name, old.current.name) if old else None,
        parts={name: json.dumps(each) for name, each in fresh.parts.items()},
        joined=completed.joined(fresh, plan.old if plan.same else None),
    )


def _alike(fresh: BackupSet, old: BackupSet) -> bool:
    """Return whether two records are equal apart from author and time."""
    return fresh._replace(created="", by="", sha256="") == old._replace(
        created="", by="", sha256=""
    )


def _record(request: SaveRequest, plan: SavePlan, saved: list[FileEntry]) -> BackupSet:
    """Return the record to come: for the same releases the old set and the new one together."""
    files = {entry.path: entry for entry in (plan.old.files if plan.old and plan.same else ())}
    files.update((entry.path, entry) for entry in saved)
    files.update((entry.path, entry) for entry in plan.keep)
    added = set(request.added).union(plan.old.added if plan.old and plan.same else ())
    added -= {each.rpartition(": ")[0] for each in plan.unsaved}
    kept = plan.old.directories if plan.old and plan.same else _there(request, {*files, *added})
    return BackupSet(
        system=request.system,
        root=request.location.root,
        suffix=request.location.suffix,
        created=time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime()),
        by=request.by,
        previous=request.previous,
        current=request.current,
        files=tuple(files[path] for path in sorted(files, key=os.path.split)),
        added=tuple(sorted(added)),
        sha256=plan.old.sha256 if plan.old else "",
        partial=request.partial,
        whole=request.whole if request.partial else 0,
        unsaved=plan.unsaved,
        directories=tuple(kept),
        parts=completed.parts(request.parts, plan.old if plan.same else None),
        **(_apart(request, plan, files) if request.keep else {}),
    )


def _apart(request: SaveRequest, plan: SavePlan, paths: Iterable[str]) -> dict[str, Any]:
    """Return what a record has of backups in the state directory."""
    old, (root, state, *_) = plan.old if plan.same else None, request.location
    ways = sets.ways(root, _there(request, paths), old.ways if old else ())
    return {"kept": old.kept if old else sets.following(state), "ways": ways}


def _there(request: SaveRequest, paths: Iterable[str]) -> list[str]:
    """Return the directories on the way to some paths that are there, sorted."""
    above = {each for path in paths for each in additions.above(path)}
    with Tree(request.location.root) as tree:
        return [each for each in sorted(above) if live(tree, each, -1).is_directory]


def _retire(request: SaveRequest, plan: SavePlan, fresh: BackupSet) -> int:
    """Remove the replaced set's backups that the new one lacks; return how many they were.

    Only backups as the old record has them are removed. Anything else stays, as an orphan.
    """
    old = plan.old
    if old is None or plan.same or old.root != request.location.root or old.kept:
        return 0
    stay = set(copies.of(request.location, fresh).beside(entry.path for entry in fresh.files))
    gone: list[str] = []
    with Tree(request.location.root) as tree:
        for entry in old.files:
            if (
                entry.is_directory
                or entry.path + old.suffix in stay
                or not _is_recorded(tree, entry, old.suffix)
            ):
                continue
            directory, name = tree.parent(entry.path)
            os.unlink(name + old.suffix, dir_fd=directory)
            gone.append(entry.path)
    copy.settle(request.location.root, gone)
    return len(gone)


def _is_recorded(tree: Tree, entry: FileEntry, suffix: str) -> bool:
    return pair(tree, entry.path, suffix, entry.size).copy.has_content(entry)
