"""The start guard: while a restore is unfinished no manager starts a unit, not even after a reboot.

A marker in the state directory says that a run is unfinished. The service manager says which files
keep its units from being started as long as it is there: see `services/manager.py`. Those of
systemd keep everybody from it; supervisord still starts what a watchdog asks it to.
"""

from __future__ import annotations

import contextlib
import json
import os
from typing import Iterator

from ..errors import HostError
from ..files import lookup, reach
from ..files.handles import FRESH
from ..files.tree import NOT_EMPTY, Tree
from ..messages.location import Location
from ..messages.rollback.start_guard import GuardRequest, GuardState
from ..messages.services.units import ManagerAddress
from ..services import registry
from ..services.manager import GuardFile, StartGuard
from ..state import lease as leases
from ..state import progress
from ..state.directory import record_of
from ..state.journal import entries
from ..state.lease import MARKER
from ..state.lock import ExclusiveRun, folder_of, working

ON, OFF = "guard on", "guard off"
KEPT = ("manager", "socket", "directory", "units")
"""What the journal keeps of a request, for undo."""


def look(request: GuardRequest) -> GuardState:
    """Return whether the guard is up, whether any of it is left, and what it cannot keep down."""
    guard = kept(request)
    there = [_is_there(request.directory, each) for each in guard.files]
    marked = request.location.run in marks(request.location.state)
    return GuardState(
        on=marked and all(there),
        left=marked or any(there) or _is_half(request),
        unguarded=tuple(guard.unguarded),
    )


def _is_there(directory: str, wanted: GuardFile) -> bool:
    try:
        return reach.text(os.path.join(directory, wanted.path), follow=False) == wanted.text
    except OSError:
        return False


def _is_half(request: GuardRequest) -> bool:
    """Return whether the run began to lift the guard, and did not end it."""
    folder = folder_of(request.location)
    written = entries(os.path.join(folder, progress.CHANGES)) if folder else []
    told = [each["event"] for each in written if each["event"].startswith("guard")]
    return told[-1:] == [OFF]


def kept(request: GuardRequest) -> StartGuard:
    """Return the files that guard the units, and the units that none can guard."""
    manager = registry.of(ManagerAddress(request.manager, request.socket))
    marker = os.path.join(request.location.state, MARKER)
    return manager.guard(request.directory, request.units, marker)


def on(request: GuardRequest) -> GuardState:
    """Keep the units from starting until the guard is lifted.

    Raises:
        HostError: the units' directory cannot be written; nothing was changed in the release.
    """
    with working(request.location) as work:
        put(request, work)
        return look(request)


def put(request: GuardRequest, work: ExclusiveRun) -> None:
    """Put the guard up, for lock holders: the marker first, then what looks at it."""
    directory, state = request.directory, request.location.state
    if lookup.kind(directory) != "directory":
        raise HostError(
            f"there is no directory {directory} for unit files",
            "correct [services] directory in rollback.toml",
        )
    files = kept(request).files
    about = {key: getattr(request, key) for key in KEPT}
    work.journal.add(ON, **about, files=[each.path for each in files])
    _mark(state, {*marks(state), request.location.run})
    with Tree(directory) as tree:
        for each in files:
            with tree.naming(each.path):
                _written(tree, each)
    registry.of(ManagerAddress(request.manager, request.socket)).read_guard()
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
        found = json.loads(reach.text(os.path.join(state, MARKER), follow=False))
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


def off(request: GuardRequest) -> GuardState:
    """Let the units start again, once what the run began to restore is restored.

    Raises:
        HostError: a restore is unfinished; the guard stays.
    """
    with working(request.location) as work:
        _refuse_unfinished(work)
        lift(request, work)
        return look(request)


def _refuse_unfinished(work: ExclusiveRun) -> None:
    for part, name in progress.PARTS.items():
        written = [each["event"] for each in entries(os.path.join(work.folder, name))]
        if "plan" in written and written[::-1].index("plan") < _since(written, "verified"):
            raise HostError(
                f"the {part} are not completely restored; no unit may start",
                "run the same command again: it restores the rest",
            )


def _since(events: list[str], name: str) -> int:
    """Return how many events came after the last of a name; more than all when there is none."""
    return events[::-1].index(name) if name in events else len(events) + 1


def lift(request: GuardRequest, work: ExclusiveRun) -> None:
    """Take the guard away, for lock holders: the marker first, which lets units start at once."""
    work.journal.add(OFF)
    state, mine = request.location.state, request.location.run
    _mark(state, {run for run in marks(state) if run != mine and _counts(state, run)})
    paths = {each.path for each in kept(request).files}
    for entry in work.journal.entries:
        paths.update(entry["files"] if entry["event"] == ON else ())
    with Tree(request.directory) as tree:
        for path in sorted(paths):
            with tree.naming(path), contextlib.suppress(FileNotFoundError):
                _removed(tree, path)
    registry.of(ManagerAddress(request.manager, request.socket)).read_guard()
    work.journal.add(f"{OFF} done")


def _counts(state: str, run: str) -> bool:
    """Return whether another run is unfinished, and about the backup set that is recorded now.

    One of which nothing but its folder is left may be.
    """
    lease = leases.read(state, run)
    if lease is None:
        return os.path.isdir(leases.folder(state, run))
    return lease.outcome != "undone" and lease.record == record_of(state)


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
def raised(location: Location, work: ExclusiveRun) -> Iterator[None]:
    """Have the guard up while a run is undone, if the run had it up; it is lifted at the end."""
    last = work.journal.last(ON)
    if last is None:
        yield
        return
    about = {key: last[key] for key in KEPT}
    request = GuardRequest(location, **{**about, "units": tuple(last["units"])})
    put(request, work)
    yield
    lift(request, work)
