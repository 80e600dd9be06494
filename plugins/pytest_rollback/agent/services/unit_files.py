"""Unit files of the release, installed under their units' names where the manager reads them."""

from __future__ import annotations

import contextlib
import hashlib
import os

from ..errors import HostError
from ..files import metadata
from ..files import state as files_state
from ..files.handles import FRESH, open_regular
from ..files.tree import Tree
from ..messages.services.units import ManagerAddress
from ..messages.unit_files import (
    DifferingUnitFile,
    SkippedUnitFile,
    UnitFilesInstalled,
    UnitFilesPlan,
    UnitFilesRequest,
)
from ..state import evidence
from ..state.lock import ExclusiveRun, working
from . import registry, units
from .manager import ServiceManager
from .unit_file_states import File, found, orphans, strays
from .unit_file_undo import INSTALLING

MODE, DIRECTORY_MODE = 0o644, 0o755


def manager_of(name: str, socket: str | None) -> ServiceManager:
    """Return the service manager of a name, and where it is reached by a socket."""
    return registry.of(ManagerAddress(name, socket))


def look(request: UnitFilesRequest) -> UnitFilesPlan:
    """Return which unit files of the release differ from the installed ones."""
    known = found(request)
    wrong = [each for each in known if each.differs]
    manager = manager_of(request.manager, request.socket)
    states = {unit: each.state for unit, each in manager.states(request.units).items()}
    return UnitFilesPlan(
        differ=tuple(DifferingUnitFile(each.unit, each.name) for each in wrong if not each.why),
        skipped=tuple(SkippedUnitFile(each.name, each.why) for each in wrong if each.why),
        reload=tuple(unit for unit, state in states.items() if state.needs_reload),
        digest=digest(known),
        strays=strays(request),
        orphans=orphans(request),
        busy=manager.busy(request.units),
        up=tuple(unit for unit, state in states.items() if state.state not in units.DOWN),
    )


def digest(known: list[File]) -> str:
    """Return what binds a plan to the very contents it was made from."""
    text = repr([(each.name, each.sha256, each.installed) for each in known])
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def install(request: UnitFilesRequest) -> UnitFilesInstalled:
    """Install what differs, the versions before kept in the evidence, and have them read.

    Raises:
        HostError: something changed since the plan was made, or the manager refuses the files.
    """
    with working(request.location) as work:
        known = found(request)
        if digest(known) != request.digest:
            raise HostError("unit files changed since the plan", "run the same command again")
        chosen = [each for each in known if each.differs and not each.why]
        _refuse_unrestored(request, chosen)
        with Tree(request.directory) as tree, Tree(evidence.home(work)) as store:
            for each in chosen:
                with tree.naming(each.name):
                    _install(work, request.directory, (tree, store), each)
        work.journal.add("reload")
        units.reload(manager_of(request.manager, request.socket))
        work.journal.add("reload done")
        return UnitFilesInstalled(tuple(each.name for each in chosen))


def _refuse_unrestored(request: UnitFilesRequest, chosen: list[File]) -> None:
    """Refuse to install what is not the previous release's: the configuration comes first."""
    wrong = [
        each.name
        for each in chosen
        if each.sha256 and hashlib.sha256(each.content or b"").hexdigest() != each.sha256
    ]
    if wrong:
        raise HostError(
            f"{request.source} in {request.location.root} is not as recorded: {', '.join(wrong)}",
            "restore the configuration first: run the same command again",
        )


def _install(work: ExclusiveRun, directory: str, trees: tuple[Tree, Tree], file: File) -> None:
    tree, store = trees
    kept = f"units/{file.name}"
    evidence.make(store, os.path.dirname(kept))
    before = files_state.live(store, kept)
    if before.kind not in {"file", files_state.ABSENT}:
        raise HostError(
            f"{kept} in the evidence {before.detail or f'is a {before.kind}'}",
            "check that the state directory is readable, then run the same command again",
            "unfinished",
        )
    if file.installed and before.kind == files_state.ABSENT:
        evidence.copy(tree.parent(file.name), store.parent(kept))
    work.journal.add(
        INSTALLING,
        directory=directory,
        name=file.name,
        before=file.installed,
        after=file.sha256,
    )
    if file.sha256:
        _put(tree, file)
    else:
        above, name = tree.parent(file.name)
        os.unlink(name, dir_fd=above)
        os.fsync(above)


def _put(tree: Tree, file: File) -> None:
    """Give the file its name in one step, owned like the one before; never through a link."""
    place = os.path.dirname(file.name)
    if place:
        with contextlib.suppress(FileExistsError):
            os.mkdir(place, DIRECTORY_MODE, dir_fd=tree.root)
    above, name = tree.parent(file.name)
    new = f".rollback-{name}.new"
    with contextlib.suppress(FileNotFoundError):
        os.unlink(new, dir_fd=above)
    opened = os.open(new, FRESH, 0o600, dir_fd=above)
    with os.fdopen(opened, "wb") as fresh:
        fresh.write(file.content or b"")
        fresh.flush()
        _like((above, name), file, opened)
        os.fsync(opened)
    os.rename(new, name, src_dir_fd=above, dst_dir_fd=above)
    os.fsync(above)


def _like(place: tuple[int, str], file: File, opened: int) -> None:
    """Give the new file the owner, mode and attributes of the installed one, or plain ones."""
    if not file.installed:
        os.fchmod(opened, MODE)
        return
    before = open_regular(*place)
    try:
        now = os.fstat(opened)
        metadata.apply(
            opened,
            metadata.read(before)._replace(atime_ns=now.st_atime_ns, mtime_ns=now.st_mtime_ns),
        )
    finally:
        os.close(before)
