"""Put saved copies back: stage, preserve, commit, verify; the same call again goes on, undo undoes.

At every instant each path holds its whole old or its whole new content. Both stay on the host: the
saved copy is only read, and the failed version keeps a second name until the run is closed.
What is left to do is told by content, never by counters, so any crash is followed by the same call.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
from typing import Any, Iterator, NamedTuple

from . import metadata, pairs, record
from . import state as places
from .copying import FRESH
from .hashing import blocks
from .journal import Journal
from .paths import Tree, open_regular
from .patterns import Owners
from .problem import Problem
from .record import Saved

RUNS = "runs"


class Item(NamedTuple):
    """One file to restore: the recorded one, and the digest of what is live now ("" if absent)."""

    saved: Saved
    live: str


def look(question: dict[str, Any]) -> dict[str, Any]:
    """Return what a restore would do: the paths, their bytes, and the digest of the plan."""
    items = wanted(question)
    return {
        "paths": [item.saved.path for item in items],
        "bytes": sum(item.saved.size for item in items),
        "digest": digest(items),
    }


def digest(items: list[Item]) -> str:
    """Return what binds a plan to the very contents it was made from."""
    text = repr([(item.saved.path, item.saved.sha256, item.live) for item in items])
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def wanted(question: dict[str, Any]) -> list[Item]:
    """Return the files whose live side is not the recorded one; refuse a bad copy of any of them.

    Raises:
        Problem: no record, or copies that may not be used; all of them at once.
    """
    known = record.read(question["state"])
    owners = Owners(question["components"])
    items, refused = [], []
    with Tree(question["root"]) as tree:
        for saved in known.files:
            if question.get("only") and owners.of(saved.path) not in question["only"]:
                continue
            pair = pairs.pair(tree, saved.path, question["suffix"])
            if pair.live.has_content(saved) and pair.live.has_owner(saved):
                continue
            if not pair.copy.has_content(saved) or pair.copy.links > 1:
                refused.append(f"{saved.path}: its saved copy is {pair.copy.kind}, not as recorded")
            elif pair.live.kind not in {"file", pairs.ABSENT}:
                refused.append(f"{saved.path}: the live side is a {pair.live.kind}")
            else:
                items.append(Item(saved, pair.live.sha256))
    if refused:
        raise Problem("; ".join(refused), "pytest suites/readiness names the way out for each")
    return items


def temporary(run: str, path: str, end: str) -> str:
    """Return the name beside a file that is this run's own for it."""
    name = hashlib.sha256(os.fsencode(path)).hexdigest()[:24]
    return f".rollback-{run}-{name}.{end}"


@contextlib.contextmanager
def opened(question: dict[str, Any]) -> Iterator[Journal]:
    """Hold the host's lock and yield the journal of the question's run.

    Raises:
        Problem: kind `held`, another process is at work here.
    """
    state, run = question["state"], question["run"]
    directory = places.made(state)
    try:
        try:
            fcntl.flock(directory, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Problem(
                f"another run is at work in {state}", f"see 'fuser -v {state}' on the host", "held"
            ) from error
        folder = os.path.join(state, RUNS, run)
        os.makedirs(folder, 0o700, exist_ok=True)
        journal = Journal(os.path.join(folder, "journal"))
        for made in (folder, os.path.dirname(folder), state):
            _settle(made)
        try:
            yield journal
        finally:
            journal.close()
    finally:
        os.close(directory)


def _settle(path: str) -> None:
    here = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(here)
    finally:
        os.close(here)


def apply(question: dict[str, Any]) -> dict[str, Any]:
    """Restore what the plan named, or go on with what an earlier call of this run began.

    Raises:
        Problem: the world is not the one that was planned for; nothing was changed.
        OSError: the host failed half way; the same call again goes on, undo takes back.
    """
    with opened(question) as journal:
        planned = journal.last("plan")
        if planned is None:
            items = wanted(question)
            if digest(items) != question["digest"]:
                raise Problem("files changed since the plan was made", "run the same command again")
            facts = [[*item.saved, item.live] for item in items]
            journal.add("plan", items=facts)
            planned = {"items": facts}
        items = [Item(Saved(*each[:-1]), each[-1]) for each in planned["items"]]
        if journal.last("undo"):
            raise Problem("this run was undone", "start a new run")
        if journal.last("verified") is None:
            _carry_out(question, items, journal)
        return {"restored": len(items)}


def _carry_out(question: dict[str, Any], items: list[Item], journal: Journal) -> None:
    run, suffix = question["run"], question["suffix"]
    with Tree(question["root"]) as tree:
        if journal.last("staged") is None:
            for item in items:
                _stage(tree, item, run, suffix)
            _settle_all(tree, items)
            journal.add("staged")
        if journal.last("preserved") is None:
            for item in items:
                _preserve(tree, item, run)
            _settle_all(tree, items)
            journal.add("preserved")
        for item in items:
            _commit(tree, item, run, suffix)
        _settle_all(tree, items)
        _verify(tree, items)
        journal.add("verified")


def _settle_all(tree: Tree, items: list[Item]) -> None:
    for directory in sorted({item.saved.path.rpartition("/")[0] for item in items}):
        os.fsync(tree.directory(directory))


def _stage(tree: Tree, item: Item, run: str, suffix: str) -> None:
    """Write the durable new file beside the live one, under this run's own name."""
    directory, name = tree.parent(item.saved.path)
    new = temporary(run, item.saved.path, "new")
    source = open_regular(directory, name + suffix)
    try:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(new, dir_fd=directory)
        target = os.open(new, FRESH, 0o600, dir_fd=directory)
        try:
            _copy(source, target, item.saved)
        finally:
            os.close(target)
    finally:
        os.close(source)


def _copy(source: int, target: int, saved: Saved) -> None:
    seen = hashlib.sha256()
    for block in blocks(source, saved.size):
        seen.update(block)
        rest = memoryview(block)
        while rest:
            rest = rest[os.write(target, rest) :]
    if seen.hexdigest() != saved.sha256:
        raise Problem(
            f"the saved copy of {saved.path} changed under our hands", "see who writes there"
        )
    found = metadata.read(source)
    mode = found._replace(mode=saved.mode, uid=saved.uid, gid=saved.gid, mtime_ns=saved.mtime_ns)
    metadata.apply(target, mode)
    os.fsync(target)


def _preserve(tree: Tree, item: Item, run: str) -> None:
    """Give the failed version a second name, so that the rename cannot lose it."""
    if not item.live:
        return
    directory, name = tree.parent(item.saved.path)
    old = temporary(run, item.saved.path, "old")
    with contextlib.suppress(FileNotFoundError):
        os.unlink(old, dir_fd=directory)
    os.link(name, old, src_dir_fd=directory, dst_dir_fd=directory, follow_symlinks=False)
    if _content(directory, old) != item.live:
        raise Problem(f"{item.saved.path} changed since the plan", "undo this run, then start anew")


def _commit(tree: Tree, item: Item, run: str, suffix: str) -> None:
    directory, name = tree.parent(item.saved.path)
    new = temporary(run, item.saved.path, "new")
    live = pairs.look(directory, name)
    if live.has_content(item.saved) and live.has_owner(item.saved):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(new, dir_fd=directory)
        return
    if live.sha256 != item.live:
        raise Problem(f"{item.saved.path} changed since the plan", "undo this run, then start anew")
    # A crash of an older kernel may have kept the name and lost the bytes: look before the rename.
    if _content(directory, new) != item.saved.sha256:
        _stage(tree, item, run, suffix)
    if item.live:
        os.rename(new, name, src_dir_fd=directory, dst_dir_fd=directory)
    else:
        os.link(new, name, src_dir_fd=directory, dst_dir_fd=directory)
        os.unlink(new, dir_fd=directory)


def _content(directory: int, name: str) -> str:
    """Return the digest of a file, or "" when there is none."""
    return pairs.look(directory, name).sha256


def _verify(tree: Tree, items: list[Item]) -> None:
    wrong = []
    for item in items:
        live = pairs.look(*tree.parent(item.saved.path))
        if not (live.has_content(item.saved) and live.has_owner(item.saved)):
            wrong.append(item.saved.path)
    if wrong:
        raise Problem(
            f"{', '.join(wrong)}: not as recorded after the restore",
            "run the same command again",
            "unfinished",
        )


def undo(question: dict[str, Any]) -> dict[str, Any]:
    """Bring every path back to what it was before the run, from any point of it."""
    with opened(question) as journal:
        planned = journal.last("plan")
        if planned is None:
            return {"undone": 0}
        items = [Item(Saved(*each[:-1]), each[-1]) for each in planned["items"]]
        if journal.last("undo") is None:
            journal.add("undo")
        with Tree(question["root"]) as tree:
            for item in items:
                _take_back(tree, item, question["run"])
            _settle_all(tree, items)
        if journal.last("undone") is None:
            journal.add("undone")
        return {"undone": len(items)}


def _take_back(tree: Tree, item: Item, run: str) -> None:
    directory, name = tree.parent(item.saved.path)
    new, old = (temporary(run, item.saved.path, end) for end in ("new", "old"))
    with contextlib.suppress(FileNotFoundError):
        os.unlink(new, dir_fd=directory)
    live = pairs.look(directory, name)
    if live.sha256 == item.live and not (item.live == "" and live.is_file):
        with contextlib.suppress(FileNotFoundError):
            # Same content may be another inode with other metadata: the preserved one is the truth.
            os.rename(old, name, src_dir_fd=directory, dst_dir_fd=directory)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(old, dir_fd=directory)  # rename of two names of one file keeps both
        return
    if not live.has_content(item.saved):
        raise Problem(
            f"{item.saved.path} changed after the restore", "save that change elsewhere first"
        )
    if item.live:
        os.rename(old, name, src_dir_fd=directory, dst_dir_fd=directory)
    else:
        os.unlink(name, dir_fd=directory)
