"""Files that both releases have alike: no backup holds them, and what is restored needs them.

Git says what they are, and is not asked to compare: an index, a filter or a monitor of its owner
would decide then. Each is looked at; what changed since the set was saved is read, and of the
others as much as costs little. Who needs a file is asked whether it may read it.
"""

from __future__ import annotations

import datetime as dt
import grp
import os
import pwd
import stat
from collections import Counter
from typing import Container, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from ..errors import HostError
from ..files import lookup, reach
from ..files.handles import Irregular
from ..files.tree import Tree
from ..messages.backup.unchanged import (
    OwnerUnchanged,
    Unchanged,
    UnchangedRequest,
    UnitAccount,
)
from ..state import backup_set
from ..state.backup_set import BackupSet
from ..system import access
from . import git
from .owners import SHARED, Owners
from .release import Repository, on_disk

READ = 64 << 20
"""Bytes of files that are read although nothing says that they changed."""

CONVERTED = ("filter", "ident", "working-tree-encoding")
"""Attributes of files that git stores otherwise than they lie in the tree."""

SUBMODULE = "of a submodule"
LARGE = "compared by their size alone"
CONVERSION = "that git converts: a filter such as LFS, an encoding"
SPARSE = "left out of the working tree: a sparse checkout"
BEHIND = "behind a link, or not readable by us"

OTHER, ALONE = "has the content of another commit", "has content of no commit"


class Wrong(NamedTuple):
    """What was found so far: kind, path and words; and how many were not compared, and why."""

    missing: Dict[str, str]
    closed: Dict[str, str]
    differ: Dict[str, str]
    apart: Dict[str, str]
    skipped: Dict[str, int]


def look(request: UnchangedRequest) -> Unchanged:
    """Return which files that both recorded commits have alike are not so in the live tree.

    Raises:
        HostError: there is no record, or the repository cannot be read.
    """
    known, repository = backup_set.read(request.location.state), request.selection.git
    if not repository or not (known.previous.commit and known.current.commit):
        return Unchanged("", {}, {}, "the record has no commits")
    commits = git.resolved(repository, [known.previous.commit, known.current.commit])
    place = Repository(repository, request.location.root, *commits)
    skipped: Dict[str, int] = Counter()
    entries = list(_alike(place, known, skipped))
    wrong = Wrong({}, {}, {}, {}, skipped)
    with Tree(request.location.root) as tree:
        _compare(place, tree, known, entries, wrong)
    return _answer(request, known, place, entries, wrong)


def _alike(place: Repository, known: BackupSet, skipped: Dict[str, int]) -> Iterator[git.TreeEntry]:
    """Yield what both commits have alike below the root and the set lacks, relative to the root."""
    below, declared = place.below, {*(saved.path for saved in known.files), *known.added}
    before = set(git.listing(place.path, place.previous))
    for entry in git.listing(place.path, place.current):
        path = entry.path[len(below) :]
        if entry not in before or not entry.path.startswith(below) or path in declared:
            continue
        if entry.kind == "blob":
            yield entry._replace(path=path)
        else:
            skipped[SUBMODULE] += 1


def _compare(
    place: Repository,
    tree: Tree,
    known: BackupSet,
    entries: Sequence[git.TreeEntry],
    wrong: Wrong,
) -> None:
    """Note which files are not there, and which have other content."""
    since = _since(known)
    sizes, left = git.stored(place.path, entries), READ
    absent: List[str] = []
    differ: Dict[str, str] = {}
    for entry, size in zip(entries, sizes):
        found, seen = _there(tree, entry.path)
        if not seen:
            wrong.skipped[BEHIND] += 1
            continue
        if found is None or stat.S_ISDIR(found.st_mode):
            absent.append(entry.path)
            continue
        same = size == str(found.st_size)
        if same and found.st_ctime <= since:
            left -= found.st_size
            if left < 0:
                wrong.skipped[LARGE] += 1
                continue
        how = _differs(tree, entry, wrong)
        if how:
            differ[entry.path] = how
    _note_absent(place, absent, wrong)
    _note_differing(place, differ, wrong)


def _since(known: BackupSet) -> float:
    """Return when a set was saved, in epoch seconds."""
    return dt.datetime.fromisoformat(known.created).timestamp()


def _there(tree: Tree, path: str) -> Tuple[Optional[os.stat_result], bool]:
    """Return what is at a path, None where nothing is or we may not look; and whether we may."""
    try:
        return tree.status(path), True
    except (FileNotFoundError, NotADirectoryError):
        return None, True
    except (Irregular, OSError):
        return None, False


def _differs(tree: Tree, entry: git.TreeEntry, wrong: Wrong) -> str:
    """Return the id of the content of a file, if it is not the commit's; "" if it is."""
    found = on_disk(tree, entry.path, len(entry.object))
    if not found:
        wrong.skipped[BEHIND] += 1
    if found in ("", entry.object):
        return ""
    return "" if on_disk(tree, entry.path, len(entry.object), plain=True) == entry.object else found


def _note_absent(place: Repository, absent: Sequence[str], wrong: Wrong) -> None:
    """Note files that are not there; a sparse checkout, or another root, leaves some out."""
    if not absent:
        return
    if place.is_apart:
        beside = {os.path.dirname(path) for path in absent}
        there = {each for each in beside if lookup.kind(f"{place.root}/{each}") == "directory"}
        for path in absent:
            if os.path.dirname(path) in there:
                wrong.apart[path] = "is not there"
        return
    sparse = set(git.within(place.below, git.left_out(place.path)))
    for path in absent:
        if path in sparse:
            wrong.skipped[SPARSE] += 1
        else:
            wrong.missing[path] = "is missing"


def _note_differing(place: Repository, differ: Dict[str, str], wrong: Wrong) -> None:
    """Note files with other content, but for those that git converts."""
    names = {place.below + path: path for path in differ}
    for name in git.with_attributes(place.path, place.current, list(names), CONVERTED):
        del differ[names[name]]
        wrong.skipped[CONVERSION] += 1
    wrong.differ.update(differ)


def _answer(
    request: UnchangedRequest,
    known: BackupSet,
    place: Repository,
    entries: Sequence[git.TreeEntry],
    wrong: Wrong,
) -> Unchanged:
    """Return what was found, by owner, with who may not read what."""
    owners = Owners(request.selection.components)
    paths: Dict[str, List[str]] = {each.name: [] for each in request.selection.components}
    paths[SHARED] = []
    for entry in entries:
        paths[owners.of(entry.path)].append(entry.path)
    targets = _targets(request, known, entries)
    for target in targets:
        mine = paths[owners.of(target)]
        if target not in wrong.missing and lookup.kind(f"{request.location.root}/{target}"):
            mine += [] if target in mine else [target]
    untried = ""
    try:
        wrong.closed.update(_closed(request, paths, targets))
    except HostError as error:
        untried = error.message
    other = place.known(wrong.differ)
    found = {
        name: _of_owner(paths[name], wrong, other, set(targets) if name == SHARED else None)
        for name in request.selection.only or tuple(paths)
    }
    return Unchanged(place.current, found, dict(wrong.skipped), untried)


def _of_owner(
    paths: Sequence[str], wrong: Wrong, other: Container[str], needed: Optional[Container[str]]
) -> OwnerUnchanged:
    """Return what is wrong with one owner's files; `needed` are those that are, None for all."""
    closed = {path: wrong.closed[path] for path in paths if path in wrong.closed}
    differ = {path: wrong.differ[path] for path in paths if path in wrong.differ}
    return OwnerUnchanged(
        files=len(paths),
        missing={path: wrong.missing[path] for path in paths if path in wrong.missing},
        closed={path: how for path, how in closed.items() if needed is None or path in needed},
        tight={path: how for path, how in closed.items() if needed and path not in needed},
        differ={path: OTHER if one in other else ALONE for path, one in differ.items()},
        apart={path: wrong.apart[path] for path in paths if path in wrong.apart},
        other=sum(one in other for one in differ.values()),
    )


def _targets(
    request: UnchangedRequest, known: BackupSet, entries: Sequence[git.TreeEntry]
) -> Dict[str, str]:
    """Return where the links of the release lead below the root, with the link that does."""
    root, suffix = os.path.realpath(request.location.root), request.location.suffix
    found: Dict[str, str] = {}
    links: List[Tuple[str, Tuple[str, ...]]]
    links = [(each.path, (each.path + suffix, each.path)) for each in known.files if each.is_link]
    links += [(each.path, (each.path,)) for each in entries if each.is_link]
    for path, places in links:
        to = next(filter(None, (_led(f"{root}/{place}") for place in places)), "")
        end = os.path.normpath(os.path.join(root, os.path.dirname(path), to)) if to else ""
        if end.startswith(f"{root}/"):
            found.setdefault(os.path.relpath(end, root), path)
    return found


def _led(path: str) -> str:
    """Return where a link leads, "" where there is none."""
    try:
        return lookup.target(path)
    except OSError:
        return ""


def _closed(
    request: UnchangedRequest, paths: Dict[str, List[str]], targets: Dict[str, str]
) -> Iterator[Tuple[str, str]]:
    """Yield which files those who need them may not read; of shared ones, that no unit may."""
    root = request.location.root
    for name, mine in paths.items():
        accounts = [request.accounts[name]] if name in request.accounts else []
        if name == SHARED:
            accounts = list(dict.fromkeys(request.accounts.values()))
        lost = {path for path in mine if not _is_absent(f"{root}/{path}")} if accounts else set()
        for account in accounts:
            lost &= set(_lost(root, sorted(lost), account))
        whom = " or ".join(sorted({account.user for account in accounts}))
        for path in sorted(lost):
            link = f", and {targets[path]} leads there" if path in targets else ""
            yield path, f"cannot be read by {whom}{link}"


def _is_absent(path: str) -> bool:
    """Return whether nothing is at a path, or a link that leads to nothing: which may be meant."""
    try:
        reach.status(path)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:  # it cannot be reached by us, and perhaps by the account
        return False
    return False


def _lost(root: str, paths: Sequence[str], account: UnitAccount) -> Iterator[str]:
    """Yield what an account may not read; root may read everything."""
    if not paths or account.user in ("", "root"):
        return
    try:
        found = (
            pwd.getpwuid(int(account.user))
            if account.user.isdigit()
            else pwd.getpwnam(account.user)
        )
    except KeyError:  # others say so
        return
    named = {each.gr_name: each.gr_gid for each in grp.getgrall()}
    known = [int(name) if name.isdigit() else named.get(name, -1) for name in account.groups]
    groups = [found.pw_gid, *(each for each in known if each >= 0)] if known else []
    names = [f"{root}/{path}" for path in paths]
    for name in access.unreadable(names, found.pw_name, groups):
        yield name[len(root) + 1 :]
