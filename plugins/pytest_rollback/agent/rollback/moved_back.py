"""What a run moved into its evidence comes back, what its journal does not name among it.

A journal may be older than the evidence: each file in it has the path that it came from. Where the
evidence was set back as well, what is missing is named, so that nobody takes half an undo for all.
"""

from __future__ import annotations

import contextlib
import os
from typing import Any, Container, Dict, Iterator, List, Optional, Sequence, Tuple

from ..errors import HostError
from ..files import lookup, state
from ..files.handles import Irregular
from ..files.tree import Tree
from ..messages.location import Location
from ..restore.context import batches
from ..restore.displaced import inside
from ..state import backup_set, evidence
from ..state import lease as leases
from ..state.directory import OWN
from ..state.evidence import FAILED, FOLDER, free, is_same, make, move, settle
from ..state.releases import copies
from ..state.removed_directories import is_apart

DERIVED = ("caches",)
"""Kinds of files that are made anew by whoever runs: one that came since then is no conflict."""
SAVED, ADDED = "saved", "added"
GONE = "it is not in the evidence any more"
KINDS = (FAILED, SAVED, ADDED, *DERIVED)

Entry = Dict[str, Any]


def unnamed(location: Location, folder: str, written: Sequence[Entry]) -> List[Entry]:
    """Return entries for what lies in the evidence of a run, and that its journal does not name."""
    moves = [
        each for entry in written if entry["event"] == evidence.MOVING for each in entry["moves"]
    ]
    known = {kept for _, kept, *_ in moves}
    made: Dict[str, List[List[str]]] = {}
    store = os.path.join(folder, FOLDER)
    if lookup.kind(store) != "directory":
        return []
    with Tree(store) as tree:
        listed = list(_kept(tree))
        known |= {_cut_off(kept) for kept in (*known, *(kept for *_, kept in listed))}
        for kind, path, kept in listed:
            if kept not in known:
                made.setdefault(kind, []).append([path, kept])
        if FAILED in made:
            made[FAILED] = list(_beside(location, tree, made[FAILED]))
    about = {"event": evidence.MOVING, "base": location.root}
    return [{**about, "kind": kind, "moves": each} for kind, each in made.items() if each]


def _cut_off(kept: str) -> str:
    """Return where a copy of a file is that was not whole yet."""
    above, name = os.path.split(kept)
    return os.path.join(above, evidence.unfinished(name))


def _kept(store: Tree) -> Iterator[Tuple[str, str, str]]:
    """Yield all that was moved into an evidence folder: its kind, its path, and where it is."""
    for name in lookup.names(store.path):
        kind, _, number = name.partition(".")
        if kind in KINDS and (not number or number.isdigit()):
            for kept, what in inside(store, name):
                if what != "directory":
                    yield kind, kept[len(name) + 1 :], kept


def _beside(location: Location, store: Tree, moves: List[List[str]]) -> Iterator[List[str]]:
    """Yield failed versions with the names of ours that they had beside their live files."""
    items = [(where, item) for where, each in batches(location) for item in each]
    for path, kept in moves:
        side = state.live(store, kept)
        for where, item in items:
            if item.saved.path == path and item.is_failed(side):
                yield [os.path.join(os.path.dirname(path), where.names(path)[1]), kept]


def lost(location: Location, moved: Sequence[Entry], absent: Sequence[str]) -> List[str]:
    """Return the added files that are not below the root, nor moved, nor `absent` at the start."""
    gone = {*absent, *(path for entry in moved for path, *_ in entry["moves"])}
    with Tree(location.root) as tree:
        return [
            path for path in _record(location)[1] if path not in gone and not _is_there(tree, path)
        ]


def is_spent(location: Location, moved: Sequence[Entry]) -> bool:
    """Return whether every backup is gone, and no run knows where to: the state was set back."""
    gone = {path for entry in moved for path, *_ in entry["moves"]}
    backups = _record(location)[0]
    with Tree(location.root) as tree:
        if not backups or any(each in gone or _is_there(tree, each) for each in backups):
            return False
    with Tree(location.state) as tree:
        kept = (
            f"{leases.RUNS}/{run}/{FOLDER}/{SAVED}/{backups[0]}" for run in leases.names(tree.path)
        )
        return not any(_is_there(tree, each) for each in kept)


def _record(location: Location) -> Tuple[List[str], Sequence[str]]:
    """Return the backups below the root, and the added files; none without a record.

    Those in the place of a recorded file come and go with the directory that they are in.
    """
    try:
        known = backup_set.read(location.state)
    except HostError:
        return [], ()
    files = {each.path for each in known.files if not each.is_directory}
    apart = [path for path in known.added if not is_apart(path, files)]
    return copies.of(location, known).beside(sorted(files)), apart


def _is_there(tree: Tree, path: str) -> bool:
    """Return whether there is anything at a path; below what is no directory there is nothing."""
    try:
        tree.parent(path)
    except (OSError, Irregular):
        return False
    return state.live(tree, path, -1).kind != state.ABSENT


def standing(
    folder: str, entry: dict[str, Any], apart: Container[str] = ()
) -> tuple[list[str], list[tuple[str, str]], list[str]]:
    """Return the files that the undo of a batch would restore, its conflicts, and what is lost.

    Those `apart` stay where they are.
    """
    away: list[str] = []
    taken: list[tuple[str, str]] = []
    lost: list[str] = []
    with Tree(entry["base"]) as tree, Tree(folder) as store:
        for path, kept, *facts in entry["moves"]:
            there, live = state.live(store, f"{FOLDER}/{kept}"), state.live(tree, path)
            name = _name(entry, (path, kept))
            if path in apart or name in apart:
                continue
            back = live.kind != state.ABSENT or (name != path and _is_there(tree, name))
            gone = "" if back else _is_spoilt(there, facts)
            if gone and entry["kind"] not in DERIVED and not _is_failed(entry, path):
                taken.append((name, f"{name}: {gone}"))
                lost.append(name)
            elif there.kind == state.ABSENT:
                continue
            elif live.kind == state.ABSENT or (entry["kind"] in DERIVED and live.is_file):
                away.append(path)
            elif not is_same(there, live):
                taken.append((path, f"something else exists at {path}"))
    return away, taken, lost


def _name(entry: Entry, move: Sequence[str]) -> str:
    """Return the path of a moved file, of one in a failed directory the one that it failed under.

    A failed version itself has a name of ours, and its undo looks at it.
    """
    own = entry["kind"] != FAILED or _is_failed(entry, move[0])
    return move[0] if own else move[1].partition("/")[2]


def _is_failed(entry: Entry, path: str) -> bool:
    return entry["kind"] == FAILED and os.path.basename(path).startswith(OWN)


def _is_spoilt(there: state.FileState, facts: Sequence[List[int]]) -> str:
    """Return how a file in the evidence is not what was moved there, "" if it is; as far as known.

    Journals of an earlier version of this tool have no facts of what was moved.
    """
    if there.kind == state.ABSENT:
        return GONE
    now = [there.size, there.mtime_ns, there.mode, there.uid, there.gid]
    return "it was changed in the evidence" if facts and facts[0] != now else ""


def _brought(live: tuple[Tree, str], kept: tuple[Tree, str], *, room: bool) -> Optional[bool]:
    """Move one file back and tell whether it was away; None when its place is taken.

    With `room` the directory is made that went with it, where the journal does not know of one.
    """
    there, here = state.live(*kept), state.live(*live)
    if there.kind == state.ABSENT:
        return False
    if here.kind == state.ABSENT:
        try:
            move(kept, live)
        except FileNotFoundError:
            if not room:
                raise
            make(live[0], os.path.dirname(live[1]), 0o755)
            move(kept, live)
        return True
    if not is_same(there, here):
        return None
    directory, name = kept[0].parent(kept[1])
    os.unlink(name, dir_fd=directory)
    return False


def _set_aside(live: tuple[Tree, str], kept: tuple[Tree, str]) -> None:
    """Keep what was made anew at the place of a derived file, which is about to come back."""
    there, here = state.live(*kept), state.live(*live)
    if there.kind == state.ABSENT or not here.is_file or is_same(there, here):
        return
    (tree, path), store = live, kept[0]
    end = free(tree, store, "superseded", (path, path))
    make(store, end.rpartition("/")[0])
    move((tree, path), (store, end))


def bring_back(
    folder: str, entry: dict[str, Any], apart: Container[str] = (), *, room: bool = False
) -> int:
    """Undo one journaled batch of moves, from any point of it; return how many came back.

    Those `apart` stay where they are. With `room` directories are made that are missing.

    Raises:
        HostError: at the place of one there is something else now; the others came back.
    """
    taken: list[str] = []
    number = 0
    moves = [each for each in reversed(entry["moves"]) if _name(entry, each) not in apart]
    with contextlib.suppress(FileExistsError):  # somebody has removed all of it
        os.mkdir(os.path.join(folder, FOLDER), 0o700)
    with Tree(entry["base"]) as tree, Tree(os.path.join(folder, FOLDER)) as store:
        for path, kept, *_ in moves:
            with tree.naming(path):
                if entry["kind"] in DERIVED:
                    _set_aside((tree, path), (store, kept))
                came = _brought((tree, path), (store, kept), room=room)
            number += came is True
            if came is None:
                taken.append(path)
        settle(tree, [path for path, *_ in entry["moves"]])
    if taken:
        raise HostError(
            f"something else exists at {', '.join(sorted(taken))}",
            "save it elsewhere first, and run the same command again",
        )
    return number
