"""The plan of saving on this host: what to save, what is saved already, and what forbids it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple, Optional, Tuple

from ..errors import HostError
from ..files import comparison
from ..files.state import ABSENT, FilePair, FileState, live
from ..files.tree import Tree
from ..state import backup_set
from ..state import directory as places
from ..state import lease as leases
from ..state.releases import copies, sets
from ..state.releases.copies import Copies, OpenCopies
from ..system import disk
from .request import path_faults, root_faults

if TYPE_CHECKING:
    from ..files.metadata import FileEntry
    from ..messages.backup.save import SaveRequest
    from ..state.backup_set import BackupSet

BLOCK = 4096
UNKNOWN = "has a backup that no record knows (see --replace)"
UNREAD = -1  # no file has this size: none is read


class SavePlan(NamedTuple):
    """Files to save, files whose backups are kept, live files that differ, and reasons to refuse.

    `unsaved` are paths that no backup can be made of, each with its reason: the others are saved.
    `old` is the record there is; `same` says that it is of the releases of the request, and is to
    be completed, never replaced: a deploy that is repeated half way would save its own files.
    """

    old: Optional[BackupSet]
    same: bool = False
    save: tuple[str, ...] = ()
    keep: tuple[FileEntry, ...] = ()
    differ: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    unsaved: tuple[str, ...] = ()


def planned(request: SaveRequest) -> SavePlan:
    """Return the plan of a request as things are now. Reads, and changes nothing."""
    location = request.location
    problems = path_faults(request) + places.faults(location.state, location.places)
    problems += root_faults(location)
    old = None
    try:
        old = recorded(request)
    except HostError as error:
        problems.append(error.message)
    if problems:
        return SavePlan(old, problems=tuple(dict.fromkeys(problems)))
    same = old is not None and not _apart(request, old) and not _is_spent(request, old)
    where = copies.of(location, old) if old and same else _fresh(request)
    with Tree(location.root) as tree, OpenCopies(where, tree) as backups:
        return _surveyed(request, old, (tree, backups), same=same)


def _fresh(request: SaveRequest) -> Copies:
    """Return where the backups of a set would be that is not there yet."""
    location = request.location
    if not request.keep:
        return Copies(location.root, location.suffix)
    return Copies(f"{location.state}/{copies.FOLDER}/{sets.following(location.state)}", "")


def recorded(request: SaveRequest) -> Optional[BackupSet]:
    """Return the record there is. None when there is none, or a bad one that is to go anyway.

    Where another one was chosen since, a deploy that is repeated goes on with its own.

    Raises:
        HostError: it is damaged or open to others, and it is not to be replaced.
    """
    try:
        found = backup_set.read(request.location.state)
        every = sets.every(request.location.state) if sets.was_chosen(found) else []
        if every and not _apart(request, every[-1].record):
            return every[-1].record._replace(sha256=found.sha256)
    except places.Absent:
        return None
    except HostError:
        if request.replace:
            return None
        raise
    else:
        return found


def _surveyed(
    request: SaveRequest, old: Optional[BackupSet], sides: Tuple[Tree, OpenCopies], *, same: bool
) -> SavePlan:
    tree, backups = sides
    known = {saved.path: saved for saved in old.files} if old and same else {}
    occupied = _occupied(request, old, tree, same=same)
    problems = _conflicts(request, old, same=same) + occupied.problems
    unsaved = occupied.unsaved
    apart = {each.rpartition(": ")[0] for each in unsaved}
    save: dict[str, int] = {}
    keep: list[FileEntry] = []
    differ: list[str] = []
    for path in (each for each in request.files if each not in apart):
        saved = known.get(path)
        found = _pair(backups, path, saved)
        bare = found.live.is_directory and (saved is None or saved.is_directory)
        why = "" if bare else _forbids(request, saved, found)  # a directory has no backup
        if why == UNKNOWN and old is not None and not same:
            continue  # the whole set is in the way, and that is reported already
        if saved is None and found.live.is_directory and os.listdir(tree.directory(path)):
            unsaved.append(f"{path}: is a directory, and is not empty")
        elif why:
            problems.append(f"{path} {why}")
        elif saved is not None and _stands(saved, found.copy):
            keep.append(saved)
            differ += [] if found.live.has_content(saved) else [path]
        else:
            save[path] = found.live.size
    problems += _room(save, tree, request)
    if unsaved and not (save or keep or request.added or problems):
        problems = [" ".join(each.rsplit(": ", 1)) for each in unsaved]
    told = tuple(sorted(unsaved))
    return SavePlan(old, same, tuple(save), tuple(keep), tuple(differ), tuple(problems), told)


def _pair(backups: OpenCopies, path: str, saved: Optional[FileEntry]) -> FilePair:
    """Return a file and its backup; they are read only where there is something to compare."""
    found = backups.pair(path, size=UNREAD)
    if saved is None and not (found.copy.is_file or found.copy.is_link):
        return found
    return backups.pair(path)


def _stands(saved: FileEntry, copy: FileState) -> bool:
    """Return whether a backup is as recorded; of a directory the record is all there is."""
    if saved.is_directory:
        return True
    return copy.has_content(saved) and comparison.is_version(saved, copy)


def _forbids(request: SaveRequest, saved: Optional[FileEntry], found: FilePair) -> str:
    """Return why a file cannot be saved, or "" when nothing speaks against it."""
    linked = found.live.is_link or (saved is not None and saved.is_link)
    for side, whose, may in (
        (found.live, "", found.live.is_known),
        (found.copy, "has a backup which ", found.copy.is_file or (linked and found.copy.is_link)),
    ):
        if not (may or side.kind == ABSENT):
            return f"{whose}{side.detail or f'is a {side.kind}'}"
    if saved is not None:
        if _stands(saved, found.copy) or found.live.has_content(saved):
            return ""
        return f"has lost its backup, and differs from {request.previous.name}"
    if found.live.kind == ABSENT:
        return "does not exist"
    if request.replace or found.copy.kind == ABSENT or _are_alike(found):
        return ""
    return UNKNOWN


def _are_alike(found: FilePair) -> bool:
    """Return whether a file and its backup are of one kind, and have the same content."""
    return (found.copy.kind, found.copy.sha256) == (found.live.kind, found.live.sha256)


def _apart(request: SaveRequest, old: BackupSet) -> bool:
    """Return whether the record is of another system, place or pair of releases."""
    return (old.system, old.root, old.suffix, old.previous, old.current, bool(old.kept)) != (
        request.system,
        request.location.root,
        request.location.suffix,
        request.previous,
        request.current,
        bool(request.keep),
    )


def _is_spent(request: SaveRequest, old: BackupSet) -> bool:
    """Return whether a set was rolled back that keeps its backups: a deploy begins another one.

    So does one without files, of which no backup tells that it was.
    """
    keeps = old.kept or (old.parts and not old.files)
    return bool(keeps and leases.recovered(request.location.state, old.sha256))


def follows(request: SaveRequest, old: BackupSet) -> bool:
    """Return whether a set is kept as a way further back: what it was saved for is live now."""
    known = (old.system, old.root) == (request.system, request.location.root)
    if not (request.keep and old.kept and known):
        return False
    if old.current.name == request.previous.name:
        return True
    return old.previous.name == request.previous.name and _is_spent(request, old)


def _conflicts(request: SaveRequest, old: Optional[BackupSet], *, same: bool) -> list[str]:
    """Return how the request contradicts what is recorded."""
    if old is None or (request.replace and not same):
        return []
    if not same and (follows(request, old) or (not old.files and _is_spent(request, old))):
        return []
    if not same:
        back = f"{old.current.name} back to {old.previous.name}"
        found = f"the backup set of {old.system}, from {back}, saved {old.created}, exists already"
        return [f"{found} (see --replace)"]
    changed, added = {saved.path for saved in old.files}, set(old.added)
    return [
        f"{path} is recorded as {was}, not as {now}"
        for paths, known, was, now in (
            (request.added, changed, "changed", "added"),
            (request.files, added, "added", "changed"),
        )
        for path in paths
        if path in known
    ]


class Occupied(NamedTuple):
    """Paths that a deploy adds, and where there is something: by mistake, or a directory."""

    problems: list[str]
    unsaved: list[str]


def _occupied(
    request: SaveRequest, old: Optional[BackupSet], tree: Tree, *, same: bool
) -> Occupied:
    """Return which added files are there already, and not by this very deploy."""
    known = set(old.added) if old and same else set()
    found = Occupied([], [])
    for path in request.added:
        there = live(tree, path, UNREAD)
        if path in known or there.kind == ABSENT or there.detail:
            continue  # with a file on the way to it, that one is told
        if there.kind == "directory":
            found.unsaved.append(f"{path}: is a directory, and becomes a file")
        else:
            found.problems.append(f"{path} exists already: list it as changed, not as added")
    return found


def _room(save: dict[str, int], tree: Tree, request: SaveRequest) -> list[str]:
    """Return which file systems are too full for the backups."""
    if request.keep:
        return _no_room_apart(save, tree, request.location.state)
    needs: dict[int, list[int]] = {}
    where: dict[int, tuple[str, os.statvfs_result]] = {}
    for path, size in save.items():
        directory, name = tree.parent(path)
        device = os.fstat(directory).st_dev
        if device not in where:
            where[device] = (path.rpartition("/")[0] or ".", os.fstatvfs(directory))
        need = disk.taken(name, size, directory)
        needs.setdefault(device, []).append(-(-need // BLOCK) * BLOCK)
    return [found for device, sizes in needs.items() for found in _too_full(*where[device], sizes)]


def _no_room_apart(save: dict[str, int], tree: Tree, state: str) -> list[str]:
    """Return whether the file system of the state directory is too full for the backups."""
    taken = (disk.taken(f"{tree.path}/{path}", size) for path, size in save.items())
    needs = [disk.Need(state, -(-each // BLOCK) * BLOCK, 1) for each in taken]
    return [
        f"{room.mount}: its file system has {room.free} bytes and {room.free_inodes} inodes free, "
        f"the backups need {room.need} and {room.need_inodes}"
        for room in disk.rooms(needs)
        if not room.enough
    ]


def _too_full(name: str, disk: os.statvfs_result, sizes: list[int]) -> list[str]:
    free = disk.f_frsize * (disk.f_bfree if os.geteuid() == 0 else disk.f_bavail)
    found = []
    if sum(sizes) > free:
        found.append(
            f"{name}: its file system has {free} bytes free, the backups need {sum(sizes)}"
        )
    if disk.f_files and len(sizes) > disk.f_favail:
        found.append(
            f"{name}: its file system has {disk.f_favail} inodes free, {len(sizes)} needed"
        )
    return found
