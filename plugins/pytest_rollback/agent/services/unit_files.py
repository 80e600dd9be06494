"""Unit files of the release, installed under their units' names where the manager reads them."""

from __future__ import annotations

import contextlib
import hashlib
import os
from typing import Any, NamedTuple, Optional

from ..errors import HostError
from ..files import metadata
from ..files import state as files_state
from ..files.tree import FRESH, Irregular, Tree, open_regular
from ..messages.services.units import ManagerAddress
from ..messages.unit_files import (
    DifferingUnitFile,
    SkippedUnitFile,
    UnitFilesInstalled,
    UnitFilesPlan,
    UnitFilesRequest,
)
from ..state import backup_set, evidence
from ..state.directory import OTHERS
from ..state.lock import ExclusiveRun, working
from . import registry, units
from .manager import ServiceManager

INSTALLING = "installing"
MODE = 0o644
LARGEST = 1 << 20


class File(NamedTuple):
    """One unit file: its unit, its name, its bytes in the release, and what is installed now.

    `sha256` is what it has to be: the recorded digest, or that of a file the deploy left alone.
    `installed` is the digest of the installed file, "" when there is none; `why` says what keeps
    it from being installed by us, "" when nothing does.
    """

    unit: str
    name: str
    content: Optional[bytes]
    sha256: str
    installed: str
    why: str = ""

    @property
    def differs(self) -> bool:
        """Whether what is installed is not what the release has."""
        return self.installed != self.sha256


def named(manager: str, unit: str) -> str:
    """Return the name of a unit's file under a manager, such as `app.service`."""
    return registry.of(ManagerAddress(manager)).file_name(unit)


def manager_of(name: str, socket: str | None) -> ServiceManager:
    """Return the service manager of a name, and where it is reached by a socket."""
    return registry.of(ManagerAddress(name, socket))


def look(request: UnitFilesRequest) -> UnitFilesPlan:
    """Return which unit files of the release differ from the installed ones."""
    known = found(request)
    wrong = [each for each in known if each.differs]
    return UnitFilesPlan(
        differ=tuple(DifferingUnitFile(each.unit, each.name) for each in wrong if not each.why),
        skipped=tuple(SkippedUnitFile(each.name, each.why) for each in wrong if each.why),
        reload=unread(request),
        digest=digest(known),
    )


def unread(request: UnitFilesRequest) -> tuple[str, ...]:
    """Return the units whose manager has not read their files since these changed."""
    states = manager_of(request.manager, request.socket).states(request.units)
    return tuple(unit for unit, found in states.items() if found.state.needs_reload)


def digest(known: list[File]) -> str:
    """Return what binds a plan to the very contents it was made from."""
    text = repr([(each.name, each.sha256, each.installed) for each in known])
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def found(request: UnitFilesRequest) -> list[File]:
    """Return the unit files that the release has for the asked units.

    Raises:
        HostError: what is installed is a link elsewhere or no file, or a release's file is none.
    """
    recorded = {saved.path: saved.sha256 for saved in backup_set.read(request.location.state).files}
    with Tree(request.location.root) as tree, Tree(request.directory) as there:
        files = [_one(request, (tree, there), unit, recorded) for unit in request.units]
    return [file for file in files if file is not None]


def _one(
    request: UnitFilesRequest, trees: tuple[Tree, Tree], unit: str, recorded: dict[str, str]
) -> Optional[File]:
    """Return a unit's file; None when the release has none under that name."""
    tree, there = trees
    name = named(request.manager, unit)
    path = f"{request.source}/{name}"
    content = read(tree, path)
    sha256 = recorded.get(path) or (hashlib.sha256(content).hexdigest() if content else "")
    if not sha256:
        return None
    linked = os.path.join(request.location.root, path)
    installed = _installed(there, os.path.join(request.directory, name), linked, sha256)
    why = "" if path in recorded else _mistrust(tree, path)
    return File(unit, name, content, sha256, installed, why)


def read(tree: Tree, path: str) -> Optional[bytes]:
    """Return the bytes of a release's unit file, None when it has none."""
    try:
        opened = open_regular(*tree.parent(path))
    except FileNotFoundError:
        return None
    except Irregular as other:
        raise HostError(f"{path}: {other}", f"ls -ld {path}, below the root") from other
    with os.fdopen(opened, "rb") as file:
        return file.read(LARGEST)


def _mistrust(tree: Tree, path: str) -> str:
    """Return why a file that the record does not vouch for is not installed, "" when it may be."""
    parts = path.split("/")
    facts = [os.fstat(tree.directory("/".join(parts[:end]))) for end in range(len(parts))]
    directory, name = tree.parent(path)
    facts.append(os.stat(name, dir_fd=directory, follow_symlinks=False))
    if all(one.st_uid in {0, os.geteuid()} and not one.st_mode & OTHERS for one in facts):
        return ""
    return "not changed by the deploy, and writable by others than root"


def _installed(tree: Tree, path: str, linked: str, sha256: str) -> str:
    """Return the digest of an installed unit file. One that is a link into the release is it."""
    here = files_state.live(tree, os.path.basename(path))
    if here.kind in {"file", files_state.ABSENT}:
        return here.sha256
    if here.kind == "symlink" and os.path.realpath(path) == os.path.realpath(linked):
        return sha256
    raise HostError(
        f"{path} is {here.detail or f'a {here.kind}'}, not a unit file",
        f"ls -l {path}; then replace it by a file",
    )


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
        if hashlib.sha256(each.content or b"").hexdigest() != each.sha256
    ]
    if wrong:
        raise HostError(
            f"{request.source} in {request.location.root} is not as recorded: {', '.join(wrong)}",
            "restore the configuration first: run the same command again",
        )


def _install(work: ExclusiveRun, directory: str, trees: tuple[Tree, Tree], file: File) -> None:
    tree, store = trees
    kept = f"units/{file.name}"
    evidence.make(store, "units")
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
    _put(tree, file)


def _put(tree: Tree, file: File) -> None:
    """Give the file its name in one step, owned like the one before; never through a link."""
    new = f".rollback-{file.name}.new"
    with contextlib.suppress(FileNotFoundError):
        os.unlink(new, dir_fd=tree.root)
    opened = os.open(new, FRESH, 0o600, dir_fd=tree.root)
    with os.fdopen(opened, "wb") as fresh:
        fresh.write(file.content or b"")
        fresh.flush()
        _like(tree, file, opened)
        os.fsync(opened)
    os.rename(new, file.name, src_dir_fd=tree.root, dst_dir_fd=tree.root)
    os.fsync(tree.root)


def _like(tree: Tree, file: File, opened: int) -> None:
    """Give the new file the owner, mode and attributes of the installed one, or plain ones."""
    if not file.installed:
        os.fchmod(opened, MODE)
        return
    before = open_regular(tree.root, file.name)
    try:
        now = os.fstat(opened)
        metadata.apply(
            opened,
            metadata.read(before)._replace(atime_ns=now.st_atime_ns, mtime_ns=now.st_mtime_ns),
        )
    finally:
        os.close(before)


def standing(written: list[dict[str, Any]]) -> tuple[list[str], list[str]]:
    """Return which unit files undo would bring back, given what was installed, and what not."""
    known: dict[tuple[str, str], list[str]] = {}
    for entry in written:
        ours = known.setdefault((entry["directory"], entry["name"]), [entry["before"]])
        ours += [entry["before"], entry["after"]]
    back, said = [], []
    for (directory, name), ours in known.items():
        with Tree(directory) as tree:
            side = files_state.live(tree, name)
        if side.kind not in {"file", files_state.ABSENT} or side.sha256 not in ours:
            said.append(f"{directory}/{name} changed since it was installed")
        elif side.sha256 != ours[0]:
            back.append(name)
    return back, said


def take_back(store: str, entry: dict[str, Any]) -> int:
    """Undo one installation, from any point of it; return whether the file came back.

    Raises:
        HostError: the installed file is neither the one from before nor ours.
    """
    name = entry["name"]
    with Tree(entry["directory"]) as tree, Tree(store) as kept, tree.naming(name):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(f".rollback-{name}.new", dir_fd=tree.root)
        now = files_state.live(tree, name).sha256
        if now == entry["before"]:
            return 0
        if now != entry["after"]:
            raise HostError(f"{entry['directory']}/{name} changed since it was installed", "see it")
        if entry["before"]:
            evidence.copy(kept.parent(f"units/{name}"), (tree.root, name))
        else:
            os.unlink(name, dir_fd=tree.root)
        os.fsync(tree.root)
    return 1
