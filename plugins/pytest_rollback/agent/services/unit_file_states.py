"""The unit files that the previous release has, beside what is installed of them."""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import os
from typing import Iterator, NamedTuple, Optional

from ..configuration.units import manager as managers
from ..configuration.units import sources
from ..configuration.units.definition import KINDS
from ..errors import HostError
from ..files import lookup
from ..files import state as files_state
from ..files.handles import Irregular, open_regular
from ..files.tree import Tree
from ..messages.services.units import ManagerAddress
from ..messages.unit_files import OrphanUnitFile, UnitFilesRequest
from ..state import backup_set
from ..state import lease as leases
from ..state.directory import OTHERS
from ..state.journal import entries
from ..state.progress import PARTS
from ..state.releases import linked, packaged
from . import registry

LARGEST = 1 << 20


class File(NamedTuple):
    """One unit file: its unit, its name, its bytes in the release, and what is installed now.

    A drop-in is named as `app.service.d/more.conf`. `sha256` is what it has to be: the recorded
    digest, or that of a file the deploy left alone, or "" for a drop-in that the deploy added.
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


def found(request: UnitFilesRequest) -> list[File]:
    """Return the unit files that the release has for the asked units, and those it has not.

    Raises:
        HostError: what is installed is a link elsewhere or no file, or a release's file is none.
    """
    record = backup_set.read(request.location.state)
    place = linked.source(request.location.state, record, request.source)
    files: list[Optional[File]] = []
    with Tree(place.root) as tree, Tree(request.directory) as there:
        for unit in request.units:
            names = names_of(request.manager, unit)
            known = sources.of_release(request.location, record, request.source, names)
            kept = dict.fromkeys((names[0], *known.kept))
            files += [_one(request, (tree, there), (unit, name), place) for name in kept]
            files += [_gone(request, there, (unit, name)) for name in known.gone]
    return [file for file in files if file is not None]


def names_of(manager: str, unit: str) -> tuple[str, ...]:
    """Return the names that a unit's own file can have, the one of its template last."""
    return managers.file_names(manager, unit) if manager == "systemd" else (named(manager, unit),)


def _gone(request: UnitFilesRequest, there: Tree, each: tuple[str, str]) -> File:
    """Return a drop-in that the deploy added: it has to be gone."""
    unit, name = each
    path = os.path.join(request.directory, name)
    return File(unit, name, None, "", _installed(there, path, name, "", ""))


def _one(
    request: UnitFilesRequest,
    trees: tuple[Tree, Tree],
    each: tuple[str, str],
    place: linked.SourceFolder,
) -> Optional[File]:
    """Return one file of a unit; None when the release has none under that name."""
    tree, there = trees
    unit, name = each
    path = os.path.join(place.path, name)
    content = read(tree, path)
    sha256 = place.digests.get(path) or (hashlib.sha256(content).hexdigest() if content else "")
    if not sha256:
        return None
    own = os.path.join(request.location.root, request.source, name)
    installed = _installed(there, os.path.join(request.directory, name), name, own, sha256)
    why = "" if path in place.digests else _mistrust(tree, path)
    return File(unit, name, content, sha256, installed, why)


def strays(request: UnitFilesRequest) -> tuple[str, ...]:
    """Return files that decide about the units, and that a rollback would leave as they are."""
    if request.manager == "systemd":
        told = managers.known_to_systemd(request.units)
        facts = managers.ManagerFacts("systemd", request.directory, told)
    else:
        address = ManagerAddress(request.manager, request.socket)
        facts = managers.asked(address, request.directory, ())
    record = backup_set.read(request.location.state)
    listed = [name for unit in request.units for name in names_of(request.manager, unit)]
    known = sources.of_release(request.location, record, request.source, listed)
    ours = {f"{request.directory}/{name}" for name in (*known.kept, *known.gone)}
    saved = {os.path.realpath(os.path.join(request.location.root, e.path)) for e in record.files}
    files = (
        path
        for unit in request.units
        for path in managers.files_for(facts, unit, sources.Installed())
        if path not in ours and os.path.realpath(path) not in saved
    )
    young = sources.strays(list(dict.fromkeys(files)), record.created)
    brought = packaged.brought(request.location.state, young)
    return tuple(path for path in young if path not in brought)


def orphans(request: UnitFilesRequest) -> tuple[OrphanUnitFile, ...]:
    """Return the recorded unit files that stay as the deploy left them, by their names.

    Those of no component that are not installed as recorded, and those of a unit that only one of
    the two releases has. One that is not installed on this host is none: it is not in use here.
    """
    record = backup_set.read(request.location.state)
    own = {name for unit in request.named for name in names_of(request.manager, unit)}
    found: list[OrphanUnitFile] = []
    more = _orphans_of_linked(request, record, own)
    with Tree(request.location.root) as tree, Tree(request.directory) as there:
        found += [each for each in more if _is_there(there, each.name)]
        for path in sorted(record.added):
            name = _unit_file(request, path)
            if name and (name in own or not _is_of(name, own)) and _is_there(there, name):
                found.append(OrphanUnitFile(name, "added"))
        known = {_unit_file(request, saved.path): saved for saved in record.files}
        wrong = {
            name: saved
            for name, saved in known.items()
            if name and not saved.is_directory and not _is_of(name, own - {name})
            if not _is_as(saved, request, there, name)
        }
        deleted = _deleted(request, record, tree, wrong) if wrong else frozenset()
        for name, saved in wrong.items():
            if _is_there(there, name) and name not in own:
                found.append(OrphanUnitFile(name, "changed"))
            elif not _is_there(there, name) and saved.path in deleted:
                found.append(OrphanUnitFile(name, "deleted"))
    return tuple(found)


def _orphans_of_linked(
    request: UnitFilesRequest, record: backup_set.BackupSet, own: set[str]
) -> list[OrphanUnitFile]:
    """Return the unit files that only the live release has, where each has a directory of its own.

    While the previous release is live there is nothing to compare it with, and nothing to do.
    """
    place = linked.source(request.location.state, record, request.source)
    if not place.is_linked:
        return []
    below = f"{place.path}/" if place.path else ""
    has = {path[len(below) :] for path in place.digests}
    live = set()
    with contextlib.suppress(OSError):
        live = set(lookup.names(f"{request.location.root}/{request.source}"))
    named = (name for name in sorted(live - has) if _unit_file(request, f"{request.source}/{name}"))
    return [OrphanUnitFile(name, "added") for name in named if name in own or not _is_of(name, own)]


def _unit_file(request: UnitFilesRequest, path: str) -> str:
    """Return the name under which a file of the release is installed as a unit file, or ""."""
    name = path[len(request.source) + 1 :] if path.startswith(f"{request.source}/") else ""
    if request.manager != "systemd":
        return name if name.endswith((".conf", ".ini")) else ""
    folder, _, base = name.rpartition("/")
    is_drop_in = folder.endswith(".d") and "/" not in folder and base.endswith(".conf")
    return name if is_drop_in or (not folder and name.endswith(KINDS)) else ""


def _is_of(name: str, own: set[str]) -> bool:
    """Return whether a unit file, or a drop-in, is one of those that a rollback installs."""
    return name in own or (name.rpartition("/")[0][: -len(".d")] in own and "/" in name)


def _is_there(there: Tree, name: str) -> bool:
    """Return whether something is installed under a name; also what cannot be read."""
    return files_state.live(there, name).kind != files_state.ABSENT


def _is_as(saved: backup_set.FileEntry, request: UnitFilesRequest, there: Tree, name: str) -> bool:
    """Return whether a unit file is installed as it was recorded, or is a link to the release's."""
    own = os.path.join(request.location.root, saved.path)
    try:
        path = os.path.join(request.directory, name)
        return _installed(there, path, name, own, saved.sha256) == saved.sha256
    except HostError:
        return False


def _deleted(
    request: UnitFilesRequest,
    record: backup_set.BackupSet,
    tree: Tree,
    wrong: dict[str, backup_set.FileEntry],
) -> frozenset[str]:
    """Return the paths that the deploy deleted: they are not there, or a rollback brought them."""
    gone = {saved.path for saved in wrong.values() if not _is_there(tree, saved.path)}
    return frozenset(gone).union(_brought(request.location.state, record.created))


def _brought(state: str, created: str) -> Iterator[str]:
    """Yield the files of the configuration that runs since a backup set found missing.

    A damaged journal says nothing here: it is told by who lists the runs, and must stop no other.
    """
    since = dt.datetime.fromisoformat(created).timestamp()
    for run in leases.names(state):
        journal = os.path.join(leases.folder(state, run), PARTS["configuration"])
        if os.path.isfile(journal) and os.stat(journal).st_mtime >= since:
            with contextlib.suppress(HostError):
                rows = [row for entry in entries(journal) for row in entry.get("items", ())]
                yield from (row[0] for row in rows if not row[-1])


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


def _installed(tree: Tree, path: str, name: str, own: str, sha256: str) -> str:
    """Return the digest of an installed unit file. One that is a link into the release is it."""
    here = files_state.live(tree, name)
    if here.kind in {"file", files_state.ABSENT}:
        return here.sha256
    if own and here.kind == "symlink" and os.path.realpath(path) == os.path.realpath(own):
        return sha256
    raise HostError(
        f"{path} is {here.detail or f'a {here.kind}'}, not a unit file",
        f"ls -l {path}; then replace it by a file",
    )
