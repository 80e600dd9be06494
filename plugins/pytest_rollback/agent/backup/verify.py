"""Is every backup there, whole, and unaltered since it was recorded? One pass over all of them."""

from __future__ import annotations

import contextlib
import os
import pwd
from typing import TYPE_CHECKING, Iterable, Iterator, Mapping, NamedTuple, Optional

from ..errors import HostError
from ..files import comparison, metadata
from ..files.parallel import read_ahead
from ..files.state import ABSENT, FileState, live
from ..files.tree import Tree
from ..messages.backup.verify import (
    BackupFault,
    BackupRecord,
    Backups,
    BackupsRequest,
    ComponentBackups,
    TightenedMode,
)
from ..messages.location import Location, is_below
from ..state import backup_set, own_names
from ..state import lease as leases
from ..state.directory import OTHERS, Absent
from ..state.releases import copies, databases, linked
from ..state.releases.copies import OpenCopies
from . import additions, described
from .owners import SHARED, Owners
from .selection import named

if TYPE_CHECKING:
    from ..files.metadata import FileEntry
    from ..state.backup_set import BackupSet
    from .release import SetInRepository


UNREAD = -1
"""No file has this size: none is read."""


def look(request: BackupsRequest) -> Backups:
    """Return the record, the backups of every component with their faults, and orphans.

    Of missing, unread, irregular, empty and altered a backup has the first that holds; exposed and
    ownership come on top of it. Without a record nothing is known of any backup.
    """
    known, record = _read(request.location)
    if known is None:
        return Backups(record, _nothing(request), (), (), compared=False)
    root, suffix = request.location.root, request.location.suffix
    where = copies.of(request.location, known)
    with Tree(root) as tree, OpenCopies(where, tree) as backups:
        with read_ahead(where.base, [saved.path + where.end for saved in known.files]):
            components, changes = _components(request, backups, known)
        there = named(tree, request.location, linked.folders(known))
        ours = set(where.beside(saved.path for saved in known.files))
        inside = [*databases.found(backups, known.files)]
        changes += sum(live(tree, path, UNREAD).kind != ABSENT for path in additions.apart(known))
    found, why = None, ""
    try:
        found = _in_repository(request, known)
    except HostError as error:
        why = f"the release diff cannot be read: {error.message} ({error.hint})"
    if record.partial and found and not record.whole:
        whole = record.files + len(record.added) + len(found.undeclared)
        record = record._replace(whole=whole)
    left = known.unsaved
    paths = [*(saved.path for saved in known.files), *known.added]
    stray = tuple(path for path in there if path.endswith(suffix) and path not in ours)
    answer = Backups(record, components, stray, left, compared=False, changes=changes)
    unfound = described.unfound(root, request.selection, paths, request.names)
    left_behind = tuple(left_over(request.location.state, there))
    inside += databases.behind_links(request.location.state, known)
    answer = answer._replace(unfound=tuple(unfound), left_over=left_behind, databases=(*inside,))
    if found is None:
        return answer._replace(uncompared=why)
    known_left = {each.rpartition(": ")[0] for each in left}
    more = (path for path in found.undeclared if path not in known_left)
    facts = found._replace(undeclared=(*left, *more))._asdict()
    return answer._replace(compared=True, **facts)


def left_over(state: str, paths: Iterable[str]) -> list[str]:
    """Return those of the paths that have names of ours, each with the run that it is of."""
    ours = [path for path in paths if own_names.is_own(os.path.basename(path))]
    runs = {lease.run: lease for lease in (leases.every(state) if ours else ())}
    return [f"{path}: {_owner(own_names.run_of(os.path.basename(path)), runs)}" for path in ours]


def _owner(run: str, runs: Mapping[str, leases.Lease]) -> str:
    """Return in words what a name of ours is of."""
    if not run:
        return "left by a command that was killed"
    if run not in runs:
        return f"left by run {run}, which the state directory does not know"
    return f"left by run {run}, which is {runs[run].outcome or 'not ended'}"


def _in_repository(request: BackupsRequest, known: BackupSet) -> Optional[SetInRepository]:
    """Return what the repository says of a set; None where none is described."""
    if not request.selection.git:
        return None
    from . import release  # noqa: PLC0415 - only some systems are deployed from a repository

    return release.compared(request, known)


def _nothing(request: BackupsRequest) -> dict[str, ComponentBackups]:
    """Return what is known of the backups of each component without a record."""
    names = [each.name for each in request.selection.components] + [SHARED]
    return {name: ComponentBackups(0, 0, (), ()) for name in names}


def heading(location: Location) -> BackupRecord:
    """Return what the record says of itself; no backup is read."""
    return _read(location)[1]


def _read(location: Location) -> tuple[Optional[BackupSet], BackupRecord]:
    """Return the record, where it can be used, and what it says of itself."""
    try:
        known = backup_set.read(location.state)
    except HostError as error:
        why = f"{error.message} ({error.hint})"
        return None, BackupRecord(not isinstance(error, Absent), (why,))
    problems = [
        f"it was made for the {key} {found}, not {wanted}"
        for key, found, wanted in (
            ("root", known.root, location.root),
            ("suffix", known.suffix, location.suffix),
        )
        if found != wanted
    ]
    problems += _outside(location, known)
    return known, BackupRecord(
        found=True,
        problems=tuple(problems),
        previous=known.previous,
        current=known.current,
        created=known.created,
        sha256=known.sha256,
        files=len(known.files),
        bytes=sum(saved.size for saved in known.files),
        added=known.added,
        spent=_spent(location, known),
        partial=known.partial,
        whole=known.whole,
        parts=tuple(sorted(known.parts)),
    )


def _outside(location: Location, known: BackupSet) -> Iterator[str]:
    """Yield how many recorded files lie in none of the places: nothing else is looked at there."""
    paths = [*(saved.path for saved in known.files), *known.added] if location.within else []
    apart = [path for path in paths if not is_below(path, location.within)]
    if apart:
        yield f"of its files {len(apart)} are outside of the roots, such as {apart[0]}"


def _spent(location: Location, known: BackupSet) -> str:
    """Return the run that moved all backups of a set into its evidence, "" when one is there."""
    with Tree(location.root) as tree:
        for path in copies.of(location, known).beside(saved.path for saved in known.files):
            if live(tree, path, UNREAD).kind != ABSENT:
                return ""
    return leases.recovered(location.state, known.sha256)


GROUP_READS, OTHERS_READ = 0o040, 0o004


def _components(
    request: BackupsRequest, backups: OpenCopies, known: BackupSet
) -> tuple[dict[str, ComponentBackups], int]:
    """Return the backups of each component, and of what they share; and how many files differ."""
    selection, apart = request.selection, backups.where.are_apart
    owners, secrets = Owners(selection.components), frozenset(selection.secrets)
    names = [each.name for each in selection.components] + [SHARED]
    parts: dict[str, list[FileEntry]] = {name: [] for name in names}
    wrong: dict[str, list[BackupFault]] = {name: [] for name in names}
    changes, gone = 0, linked.gone(known)
    for saved in known.files:
        owner = owners.of(saved.path)
        parts[owner].append(saved)
        found = backups.pair(saved.path, saved.size)
        changes += not comparison.same(metadata.capped(saved, secrets), found.live)
        wrong[owner] += [
            BackupFault(saved.path, *fault) for fault in faults(saved, *found, apart=apart)
        ]
        if saved.path in gone:
            wrong[owner].append(BackupFault(saved.path, "missing", gone[saved.path]))
    service = _account(request.user)
    return {
        name: ComponentBackups(
            files=len(part),
            bytes=sum(saved.size for saved in part),
            faults=tuple(wrong[name]),
            tightened=tuple(tightened(part, secrets, service)),
        )
        for name, part in parts.items()
    }, changes


class ServiceAccount(NamedTuple):
    """The account that the units run as, and all of its groups."""

    uid: int
    groups: tuple[int, ...]


def _account(user: str) -> Optional[ServiceAccount]:
    """Return the account that the units run as, None where nothing is known of it."""
    with contextlib.suppress(KeyError):
        if user:
            found = pwd.getpwnam(user)
            return ServiceAccount(found.pw_uid, tuple(os.getgrouplist(user, found.pw_gid)))
    return None


def tightened(
    files: list[FileEntry], secrets: frozenset[str], service: Optional[ServiceAccount]
) -> Iterator[TightenedMode]:
    """Yield each secret file whose mode a restore tightens, and whether the service loses it.

    Args:
        files: entries of the record.
        secrets: paths that are declared secret.
        service: the units' account, None where it is not known.
    """
    for saved in files:
        capped = metadata.capped(saved, secrets)
        if capped.mode != saved.mode:
            words = f"recorded {saved.mode:04o}, restored {capped.mode:04o}"
            yield TightenedMode(saved.path, words, service is not None and _loses(saved, service))


def _loses(saved: FileEntry, service: ServiceAccount) -> bool:
    """Return whether an account reads a file as recorded, but not as its owner or its group."""
    if service.uid in {0, saved.uid} or _in_group(saved, service):
        return False
    return bool(saved.mode & OTHERS_READ) or metadata.ACL in saved.xattrs


def _in_group(saved: FileEntry, service: ServiceAccount) -> bool:
    """Return whether an account is in the group of a file that its group may read."""
    return saved.gid in service.groups and bool(saved.mode & GROUP_READS)


def faults(
    saved: FileEntry, live: FileState, copy: FileState, *, apart: bool = False
) -> Iterator[tuple[str, str]]:
    """Yield each fault of a backup, with its detail; a directory has none.

    A second name of a backup, as snapshots make, is no fault: who may write there may write here.
    Nobody reaches one that is kept `apart`, whatever its mode is.
    """
    if saved.is_directory:
        return
    first = _first(saved, live, copy)
    if first:
        yield first
    if not copy.is_kind(saved):
        return
    if copy.mode & OTHERS and not (saved.is_link or apart):
        yield "exposed", f"mode {copy.mode:04o}: others can write it"
    if copy.has_content(saved):
        yield from (("ownership", how) for how in comparison.dress(saved._replace(flags=0), copy))


def _first(saved: FileEntry, live: FileState, copy: FileState) -> Optional[tuple[str, str]]:
    """Return the one fault of content that comes first, or None for a backup to rely on."""
    if copy.has_content(saved) and not copy.is_one_with(live):
        return None  # nearly all of them: no words need to be made
    checks = (
        (copy.kind == ABSENT, "missing", "there is no backup"),
        (copy.kind == "file" and copy.detail != "", "missing", f"it is gone: {copy.detail}"),
        (copy.kind == "error", "unread", copy.detail),
        (not copy.is_kind(saved), "irregular", copy.detail or f"is a {copy.kind}"),
        (copy.is_one_with(live), "irregular", "is the live file itself under a second name"),
        (saved.is_link, "altered", "leads elsewhere than recorded"),
        (copy.size == 0 < saved.size, "empty", f"0 bytes, recorded {saved.size}"),
        (copy.size != saved.size, "altered", f"{copy.size} bytes, recorded {saved.size}"),
        (True, "altered", "same size as recorded, other sha256"),
    )
    return next((fault, detail) for holds, fault, detail in checks if holds)
