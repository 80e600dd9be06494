"""Save what a deploy is about to change: the copies beside the files, then the record, last.

Live files are only ever read. Every reason to refuse is found, and told at once, before the first
change. The same call again changes nothing.
"""

from __future__ import annotations

import datetime as dt
import os
from typing import Any

from ..errors import HostError
from ..files import copy
from ..files.state import pair
from ..files.tree import Tree
from ..state import backup_set
from ..state import directory as places
from ..state import lease as leases
from ..state.backup_set import BackupSet, FileEntry
from .request import SaveRequest, wished
from .save_plan import SavePlan, planned, recorded

MOST = 50


def save(question: dict[str, Any]) -> dict[str, Any]:
    """Answer `backups.save`: save the named files, and record the set.

    Returns:
        `changed`, the numbers `saved`, `kept`, `retired`, `files`, `bytes`, `added`, the paths
        that `differ` (live files which are no longer what was recorded), `record` (its path),
        `sha256` (its digest), and `replaced` (the releases of the set it took the place of).

    Raises:
        HostError: something speaks against it; nothing was changed. Kind `unfinished` when a
            write failed half way: live files are untouched, the same call again completes it.
    """
    wish = wished(question)
    _alone(wish.state)
    plan = planned(wish)
    _refuse(wish, plan)
    directory = places.made(wish.state)
    try:
        with places.held(directory, wish.state):
            _alone(wish.state)
            if recorded(wish) != plan.old:
                raise HostError(
                    f"another run recorded a backup set in {wish.state} just now",
                    "run the same command again",
                    kind="held",
                )
            return _carried_out(wish, plan)
    finally:
        os.close(directory)


def foresee(question: dict[str, Any]) -> dict[str, Any]:
    """Answer `backups.foresee`: what `backups.save` would answer. Nothing is changed.

    `retired` counts nothing yet, and `sha256` is that of the record there is.

    Raises:
        HostError: something speaks against it.
    """
    wish = wished(question)
    _alone(wish.state)
    plan = planned(wish)
    _refuse(wish, plan)
    fresh = _record(wish, plan, [_unsaved(path) for path in plan.save])
    changed = bool(plan.save) or plan.old is None or not _alike(fresh, plan.old)
    return {**_said(wish, plan, fresh), "changed": changed, "retired": 0, "sha256": fresh.sha256}


def _alone(state: str) -> None:
    """Raise while a rollback goes on or is unfinished: what is live then is no release."""
    for other in leases.every(state):
        if other.is_alive:
            raise other.held()
    if os.path.lexists(os.path.join(state, leases.MARKER)):
        raise HostError(
            "a rollback is unfinished here, so that what is live is no release",
            "'rollback status' tells how to go on with it; deploy afterwards",
            kind="held",
        )


def _unsaved(path: str) -> FileEntry:
    """Return the entry of a file that is not saved yet."""
    return FileEntry(path, "", 0, 0, 0, 0, 0, {})


def _refuse(wish: SaveRequest, plan: SavePlan) -> None:
    """Raise when there is a reason to refuse, with all of them."""
    if not plan.problems:
        return
    shown = list(plan.problems[:MOST])
    if len(plan.problems) > MOST:
        shown.append(f"... and {len(plan.problems) - MOST} more")
    raise HostError(
        "\n  ".join([f"no backup was made in {wish.root}; reasons: {len(plan.problems)}", *shown]),
        _way_out(wish, plan),
    )


def _way_out(wish: SaveRequest, plan: SavePlan) -> str:
    """Return the hint that fits the reasons best."""
    if any(said.startswith("the state directory") for said in plan.problems):
        return places.hint(wish.state)
    if any("--replace" in said for said in plan.problems):
        return "once the older copies are not needed any more: the same command with --replace"
    if any("file system has" in said for said in plan.problems):
        return f"make room on the host, see 'df -h {wish.root}', and run the same command again"
    return "put each of them right on the host, or leave it out, and run the same command again"


def _carried_out(wish: SaveRequest, plan: SavePlan) -> dict[str, Any]:
    """Save, retire, record: in this order, so that the record never promises what is not there."""
    batch = copy.stage(wish.root, plan.save)
    if batch.problems:
        _refuse(wish, plan._replace(problems=tuple(batch.problems)))
    fresh = _record(wish, plan, batch.saved)
    try:
        copy.commit(wish.root, plan.save, wish.suffix)
        retired = _retire(wish, plan, fresh)
    except OSError as error:
        raise HostError(
            f"the copies are incomplete: {error}; live files were not touched",
            "put it right on the host, and run the same command again: it completes the set",
            kind="unfinished",
        ) from error
    changed = bool(retired) or plan.old is None or not _alike(fresh, plan.old)
    digest = backup_set.write(wish.state, fresh) if changed else fresh.sha256
    return {
        **_said(wish, plan, fresh),
        "changed": changed or bool(plan.save),
        "retired": retired,
        "sha256": digest,
    }


def _said(wish: SaveRequest, plan: SavePlan, fresh: BackupSet) -> dict[str, Any]:
    old = None if plan.same else plan.old
    return {
        "saved": len(plan.save),
        "kept": len(plan.keep),
        "differ": list(plan.differ),
        "files": len(fresh.files),
        "bytes": sum(saved.size for saved in fresh.files),
        "added": len(fresh.added),
        "record": f"{wish.state}/{backup_set.NAME}",
        "replaced": old and {"previous": old.previous.name, "current": old.current.name},
    }


def _alike(fresh: BackupSet, old: BackupSet) -> bool:
    """Return whether a record says the same, whoever wrote it and when."""
    return fresh._replace(created="", by="", sha256="") == old._replace(
        created="", by="", sha256=""
    )


def _record(wish: SaveRequest, plan: SavePlan, saved: list[FileEntry]) -> BackupSet:
    """Return the record to come: for the same releases the old set and the new one together."""
    files = {entry.path: entry for entry in (plan.old.files if plan.old and plan.same else ())}
    files.update((entry.path, entry) for entry in saved)
    files.update((entry.path, entry) for entry in plan.keep)
    added = set(wish.added).union(plan.old.added if plan.old and plan.same else ())
    return BackupSet(
        system=wish.system,
        root=wish.root,
        suffix=wish.suffix,
        created=dt.datetime.now(dt.timezone.utc).isoformat(timespec="seconds"),
        by=wish.by,
        previous=wish.previous,
        current=wish.current,
        files=tuple(files[path] for path in sorted(files, key=os.path.split)),
        added=tuple(sorted(added)),
        sha256=plan.old.sha256 if plan.old else "",
    )


def _retire(wish: SaveRequest, plan: SavePlan, fresh: BackupSet) -> int:
    """Take away the replaced set's copies that the new one lacks; return how many they were.

    Only what the old record vouches for goes. Anything else stays, and shows up as a stray.
    """
    old = plan.old
    if old is None or plan.same or old.root != wish.root:
        return 0
    stay = {entry.path + fresh.suffix for entry in fresh.files}
    gone: list[str] = []
    with Tree(wish.root) as tree:
        for entry in old.files:
            if entry.path + old.suffix in stay or not _vouched(tree, entry, old.suffix):
                continue
            directory, name = tree.parent(entry.path)
            os.unlink(name + old.suffix, dir_fd=directory)
            gone.append(entry.path)
    copy.settle(wish.root, gone)
    return len(gone)


def _vouched(tree: Tree, entry: FileEntry, suffix: str) -> bool:
    return pair(tree, entry.path, suffix, entry.size).copy.has_content(entry)
