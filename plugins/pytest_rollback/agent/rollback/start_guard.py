"""The start guard: while a restore is unfinished no unit starts, not even after a reboot.

A marker in the state directory says that a run is unfinished. The service manager says which files
keep its units from being started as long as it is there: see `services/manager.py`.
"""

from __future__ import annotations

import contextlib
import json
import os
from typing import Any, Iterator

from ..errors import HostError
from ..files import read
from ..files.copy import FRESH
from ..files.tree import Tree
from ..restore import revert
from ..services.manager import GuardFile, StartGuard
from ..services.unit_files import manager_of
from ..state import lease as leases
from ..state import progress
from ..state.journal import entries
from ..state.lease import MARKER
from ..state.lock import ExclusiveRun, folder_of, working
from ..state.runs import record_of
from .empty_directories import NOT_EMPTY

ON, OFF = "guard on", "guard off"


def look(question: dict[str, Any]) -> dict[str, Any]:
    """Return whether the guard is `on` for the question's units, and whether any of it is `left`.

    `unguarded` are units that the manager would start by itself, and nobody can keep from it.
    """
    guard = kept(question)
    there = [_is_there(question["directory"], each) for each in guard.files]
    marked = question.get("run") in marks(question["state"])
    return {
        "on": marked and all(there),
        "left": marked or any(there) or _is_half(question),
        "unguarded": guard.unguarded,
    }


def _is_there(directory: str, wanted: GuardFile) -> bool:
    try:
        return read.text(os.path.join(directory, wanted.path), follow=False) == wanted.text
    except OSError:
        return False


def _is_half(question: dict[str, Any]) -> bool:
    """Tell whether the question's run began to lift the guard, and did not end it."""
    folder = folder_of(question)
    written = entries(os.path.join(folder, progress.CHANGES)) if folder else []
    told = [each["event"] for each in written if each["event"].startswith("guard")]
    return told[-1:] == [OFF]


def kept(question: dict[str, Any]) -> StartGuard:
    """Return the files that guard the question's units, and the units that none can guard."""
    marker = os.path.join(question["state"], MARKER)
    return manager_of(question).guard(question["directory"], question["units"], marker)


def on(question: dict[str, Any]) -> dict[str, Any]:
    """Keep the question's units from starting until the guard is lifted.

    Raises:
        HostError: the units' directory cannot be written; nothing was changed in the release.
    """
    with working(question) as work:
        put(question, work)
        return look(question)


def put(question: dict[str, Any], work: ExclusiveRun) -> None:
    """Put the guard up, for lock holders: the marker first, then what looks at it."""
    directory = question["directory"]
    if not os.path.isdir(directory):
        raise HostError(
            f"there is no directory {directory} for unit files",
            "correct [services] directory in rollback.toml",
        )
    files = kept(question).files
    about = {key: question.get(key) for key in ("manager", "socket", "directory", "units")}
    work.journal.add(ON, **about, files=[each.path for each in files])
    _mark(question["state"], {*marks(question["state"]), question["run"]})
    with Tree(directory) as tree:
        for each in files:
            with tree.naming(each.path):
                _written(tree, each)
    manager_of(question).read_guard()
    work.journal.add(f"{ON} done")


def _written(tree: Tree, file: GuardFile) -> None:
    above, _, name = file.path.rpartition("/")
    if above:
        with contextlib.suppress(FileExistsError):
            os.mkdir(above, 0o755, dir_fd=tree.root)
            os.fsync(tree.root)
    _replace(tree.directory(above), name, file.text)


def _replace(directory: int, name: str, text: str, mode: int = 0o644) -> None:
    """Give a file its name once it is whole and durable."""
    new = f".{name}.new"
    with contextlib.suppress(FileNotFoundError):
        os.unlink(new, dir_fd=directory)
    with os.fdopen(os.open(new, FRESH, mode, dir_fd=directory), "wb") as file:
        file.write(text.encode("utf-8", "surrogateescape"))
        file.flush()
        os.fchmod(file.fileno(), mode)
        os.fsync(file.fileno())
    os.rename(new, name, src_dir_fd=directory, dst_dir_fd=directory)
    os.fsync(directory)


def marks(state: str) -> set[str]:
    """Return the ids of the runs that are unfinished, as the marker says."""
    try:
        found = json.loads(read.text(os.path.join(state, MARKER), follow=False))
    except (OSError, ValueError):
        return set()
    return {str(each) for each in found} if isinstance(found, list) else set()


def _mark(state: str, wanted: set[str]) -> None:
    """Write the marker, or take it away when no run is left in it."""
    with Tree(state) as tree, tree.naming(MARKER):
        if wanted:
            _replace(tree.root, MARKER, json.dumps(sorted(wanted)), 0o600)
            return
        for name in (f".{MARKER}.new", MARKER):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name, dir_fd=tree.root)
        os.fsync(tree.root)


def off(question: dict[str, Any]) -> dict[str, Any]:
    """Let the question's units start again, once what the run began to restore is restored.

    Raises:
        HostError: a restore is unfinished; the guard stays.
    """
    with working(question) as work:
        _refuse_unfinished(work)
        lift(question, work)
        return look(question)


def _refuse_unfinished(work: ExclusiveRun) -> None:
    for part, name in revert.JOURNALS.items():
        written = [each["event"] for each in entries(os.path.join(work.folder, name))]
        if "plan" in written and written[::-1].index("plan") < _since(written, "verified"):
            raise HostError(
                f"the {part} are not restored to the end; no unit may start",
                "run the same command again: it restores the rest",
            )


def _since(events: list[str], name: str) -> int:
    """Return how many events came after the last of a name; more than all when there is none."""
    return events[::-1].index(name) if name in events else len(events) + 1


def lift(question: dict[str, Any], work: ExclusiveRun) -> None:
    """Take the guard away, for lock holders: the marker first, which lets units start at once."""
    work.journal.add(OFF)
    state = question["state"]
    _mark(state, {run for run in marks(state) if run != question["run"] and _counts(state, run)})
    paths = {each.path for each in kept(question).files}
    for entry in work.journal.entries:
        paths.update(entry["files"] if entry["event"] == ON else ())
    with Tree(question["directory"]) as tree:
        for path in sorted(paths):
            with tree.naming(path), contextlib.suppress(FileNotFoundError):
                _removed(tree, path)
    manager_of(question).read_guard()
    work.journal.add(f"{OFF} done")


def _counts(state: str, run: str) -> bool:
    """Tell whether another run is unfinished, and about the backup set that is recorded now."""
    lease = leases.read(state, run)
    return lease is not None and lease.outcome != "undone" and lease.record == record_of(state)


def _removed(tree: Tree, path: str) -> None:
    above, _, name = path.rpartition("/")
    directory = tree.directory(above)
    for each in (f".{name}.new", name):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(each, dir_fd=directory)
    os.fsync(directory)
    if above:
        try:
            os.rmdir(above, dir_fd=tree.root)
        except OSError as error:
            if error.errno not in NOT_EMPTY:  # others have drop-ins there as well
                raise
        os.fsync(tree.root)


@contextlib.contextmanager
def raised(question: dict[str, Any], work: ExclusiveRun) -> Iterator[None]:
    """Have the guard up while a run is undone, if the run had it up; it is lifted at the end."""
    last = work.journal.last(ON)
    if last is None:
        yield
        return
    about = {**question, **{key: last[key] for key in ("manager", "socket", "directory", "units")}}
    put(about, work)
    yield
    lift(about, work)
