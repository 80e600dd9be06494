"""What a system is before anything changes: copied on the host, for the analysis afterwards.

Configuration and unit files, unit states, the end of each log, the repository's head. Of secret
files only digests are kept. The folder is 0700 and its files are 0600.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from typing import Any, Iterator, Mapping, Sequence

from ..backup import git
from ..configuration.units import outputs
from ..configuration.units.definition import CONTAINER
from ..errors import HostError
from ..files import reach
from ..files.handles import FRESH, Irregular, open_regular
from ..files.tree import Tree
from ..messages.rollback.snapshot import (
    SnapshotLook,
    SnapshotRequest,
    SnapshotState,
    SnapshotTaken,
)
from ..messages.services.units import ManagerAddress, UnitPorts, UnitsRequest
from ..observe.logs import journald
from ..services import units
from ..state import lease as leases
from ..state.directory import DIGEST, SNAPSHOT, is_copy
from ..state.lock import ExclusiveRun, folder_of, working
from ..system.command import run

PARTIAL = ".snapshot.new"
TAIL = 1 << 20
LARGEST = 16 << 20
LINES = "20000"
COMMAND = 10.0


def look(request: SnapshotLook) -> SnapshotState:
    """Return whether the run has a snapshot, and where."""
    folder = folder_of(request.location)
    path = os.path.join(folder, SNAPSHOT) if folder else ""
    return SnapshotState(bool(path) and os.path.isdir(path), path)


def take(request: SnapshotRequest) -> SnapshotTaken:
    """Take the snapshot of the run; it has its name once it is whole.

    What cannot be read is listed in `missing`: a system in trouble is not refused for that.
    """
    with working(request.location) as work:
        path = os.path.join(work.folder, SNAPSHOT)
        if not os.path.isdir(path):
            work.journal.add("snapshot")
            places = _places(request)
            missing = _taken(request, work, places)
            os.rename(os.path.join(work.folder, PARTIAL), path)
            leases.settle(work.folder)
            work.journal.add("snapshot done", missing=missing, logs=places)
        elif work.journal.last("snapshot done") is None:  # it was cut off before it could say so
            work.journal.add("snapshot done", missing=None)
        return SnapshotTaken(path, sum(len(names) for _, _, names in os.walk(path)))


def _places(request: SnapshotRequest) -> dict[str, tuple[str, ...]]:
    """Return where each unit has its logs: as described, or as its files say."""
    manager = ManagerAddress(request.manager, request.socket)
    described = {each.unit: each.log for each in request.components}
    return outputs.resolved(manager, request.directory or "", described)


def _taken(
    request: SnapshotRequest, work: ExclusiveRun, places: Mapping[str, Sequence[str]]
) -> list[str]:
    """Fill the folder, and return what could not be read."""
    place = os.path.join(work.folder, PARTIAL)
    shutil.rmtree(place, ignore_errors=True)
    os.mkdir(place, 0o700)
    missing: list[str] = []
    with Tree(place) as store:
        for kind, base, path in _files(request, missing):
            is_secret = kind == "configuration" and is_copy(path, request.secrets)
            _copied(store, f"{kind}/{path}", base, missing, is_secret=is_secret)
        for component in request.components:
            texts = [_log(request, component.unit, log, missing) for log in places[component.unit]]
            _put(store, f"logs/{component.name}.log", b"".join(texts))
        _put(store, "units.json", _told(_states(request)))
        _put(store, "git.json", _told(_head(request.git)))
    return missing


def _told(value: object) -> bytes:
    return json.dumps(value, indent=1).encode("ascii")


def _files(
    request: SnapshotRequest, missing: list[str]
) -> Iterator[tuple[str, tuple[str, str], str]]:
    """Yield the kind, the place and the name of every file that is copied."""
    root, installed = request.location.root, request.directory
    found = request.configuration
    with contextlib.suppress(HostError), Tree(root) as tree:
        found = tuple(_below(tree, request.configuration, missing))
    for path in found:
        yield "configuration", (root, path), path
    if installed:
        for name in request.unit_files:
            yield "units", (installed, name), name


def _below(tree: Tree, asked: Sequence[str], missing: list[str]) -> list[str]:
    """Return the asked files, and all files in the asked directories; a link is a file."""
    found = []
    left = list(reversed(asked))
    while left:
        path = left.pop()
        try:
            names = os.listdir(tree.directory(path))
        except (Irregular, FileNotFoundError):  # whoever reads it says what it is
            found.append(path)
        except OSError as why:
            missing.append(f"{tree.path}/{path}: {why.strerror}")
        else:
            left += [f"{path}/{name}" for name in sorted(names, reverse=True)]
    return found


def _copied(
    store: Tree, to: str, source: tuple[str, str], missing: list[str], *, is_secret: bool
) -> None:
    """Copy a file; of a secret one keep its digest, which tells whether it was changed."""
    base, path = source
    try:
        with Tree(base) as tree, os.fdopen(open_regular(*tree.parent(path)), "rb") as file:
            content = file.read(LARGEST)
    except (Irregular, OSError, HostError) as why:
        missing.append(f"{base}/{path}: {getattr(why, 'strerror', None) or why}")
        return
    if is_secret:
        digest = hashlib.sha256(content).hexdigest()
        to, content = f"{to}{DIGEST}", f"{digest} {len(content)} bytes\n".encode("ascii")
    _put(store, to, content)


def _put(store: Tree, path: str, content: bytes) -> None:
    """Write one file of the snapshot, durable, for nobody else."""
    above, _, name = path.rpartition("/")
    place = ""
    for part in above.split("/") if above else ():
        with contextlib.suppress(FileExistsError):
            os.mkdir(part, 0o700, dir_fd=store.directory(place))
        place = f"{place}/{part}" if place else part
    with os.fdopen(os.open(name, FRESH, 0o600, dir_fd=store.directory(above)), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _log(request: SnapshotRequest, unit: str, log: str, missing: list[str]) -> bytes:
    """Return the end of one log of a unit."""
    if log == CONTAINER:
        try:
            found = journald.of_containers(request.socket or "", unit, 0.0, COMMAND).entries
        except HostError as problem:
            missing.append(f"the log of {unit}: {problem.message}")
            return b""
        text = "".join(f"{journald.stamped(each.when)} {each.text}\n" for each in found)
        return text.encode("utf-8", "surrogateescape")[-TAIL:]
    if log == "journal":
        argv = ["journalctl", "--no-pager", "-o", "short-iso-precise", "-n", LINES]
        outcome = run([*argv, "-u", unit], COMMAND, most=16 * TAIL)
        if outcome.code:
            missing.append(f"the journal of {unit}: {outcome.words}")
        return outcome.out.encode("utf-8", "surrogateescape")[-TAIL:]
    try:
        with reach.file(log) as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - TAIL))
            return file.read(TAIL)
    except OSError as why:
        missing.append(f"{log}: {why.strerror}")
    return b""


def _states(request: SnapshotRequest) -> dict[str, Any]:
    asked = tuple(UnitPorts(each.unit, each.listens) for each in request.components)
    manager = ManagerAddress(request.manager, request.socket)
    try:
        found = units.look(UnitsRequest(request.location, manager, asked)).units
        return {unit: state._asdict() for unit, state in found.items()}
    except HostError as problem:
        return {"problem": problem.message}


def _head(repository: str | None) -> dict[str, Any]:
    """Return the commit that a repository is at, read without running anything of its own."""
    if not repository:
        return {"repository": None, "head": None}
    try:
        head = git.output(repository, "rev-parse", "HEAD").strip()
    except HostError:
        head = ""
    return {"repository": repository, "head": head or None}
