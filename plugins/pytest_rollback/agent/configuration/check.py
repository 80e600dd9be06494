"""Configuration files: would the programs that read them understand them? No value is reported."""

from __future__ import annotations

import contextlib
import os
from typing import Iterable, Mapping, NamedTuple, Optional

from ..errors import HostError
from ..files import lookup, state
from ..files.metadata import FileEntry
from ..files.tree import Tree
from ..messages.configuration import ConfigurationFaults, ConfigurationRequest
from ..state import backup_set
from ..state.releases import copies, linked
from . import env_file, formats
from .units import check as unit_check
from .units import manager as managers
from .units import sources, verify
from .units.definition import KINDS

UNIT_FILES = (*KINDS, ".conf", ".ini")
"""Endings of what is a unit file, of a release that is listed with all of its files."""


def look(request: ConfigurationRequest) -> ConfigurationFaults:
    """Return what is wrong with each configuration file as a rollback would leave it.

    Of recorded files the backups are read, and the others as they are.

    Raises:
        HostError: there is no record that can be used.
    """
    return seen(request, {}, sources.Installed())


def seen(
    request: ConfigurationRequest, unpacked: Mapping[str, str], coming: sources.Installed
) -> ConfigurationFaults:
    """Return the same, where more comes back than recorded files.

    Of some files what is `unpacked` of them is read, by their names; `coming` are the unit files
    that come.
    """
    root = request.location.root
    record = backup_set.read(request.location.state)
    where = copies.of(request.location, record)
    names = {saved.path: saved for saved in record.files if not saved.is_directory}
    units = unit_files(request, record, names)
    by_systemd = environment_files(request, coming)
    found: dict[str, str | None] = {}
    warned: dict[str, tuple[str, ...]] = {}
    paths: dict[str, str] = {}
    for name in dict.fromkeys((*request.files, *units)):
        path = formats.restored(root, where, names, name)
        if is_back(root, path, names.get(name)):
            path = os.path.join(root, name)
        path = unpacked.get(name, path)
        paths[name] = path
        read_: formats.Reader | None = None
        if name in units:
            read_ = UnitFileKind(os.path.basename(name), request).read
        elif os.path.realpath(os.path.join(root, name)) in by_systemd:
            read_ = env_by_systemd
        found[name], warned[name] = formats.faults(path, where.end, read_)
        if name in units and name in names and names[name].is_link:
            found[name] = "is a link: unit files are installed from files alone"
    if request.verifier:
        clean = (name for name in units if not found[name] and name.endswith(KINDS))
        found.update(
            verify.verified(
                request.verifier, request.location.places, {name: paths[name] for name in clean}
            )
        )
    return ConfigurationFaults(found, {name: each for name, each in warned.items() if each})


def unit_files(
    request: ConfigurationRequest, record: backup_set.BackupSet, recorded: Iterable[str]
) -> list[str]:
    """Return the unit files that the record has of the previous release, below the root."""
    if request.source is None:
        return []
    place = linked.source(request.location.state, record, request.source)
    if not place.is_linked:
        return sorted(name for name in recorded if name.startswith(f"{request.source}/"))
    below = f"{place.path}/" if place.path else ""
    names = (path[len(below) :] for path in place.digests)
    return sorted(f"{request.source}/{name}" for name in names if name.endswith(UNIT_FILES))


def is_back(root: str, backup: str, saved: Optional[FileEntry]) -> bool:
    """Return whether a file is as recorded already and its backup put away: it was rolled back."""
    if saved is None or lookup.kind(backup, follow=False):
        return False
    with contextlib.suppress(HostError, OSError), Tree(root) as tree:
        return state.live(tree, saved.path, saved.size).has_content(saved)
    return False


def environment_files(request: ConfigurationRequest, coming: sources.Installed) -> set[str]:
    """Return the real paths of the files that systemd reads variables from, of all units."""
    if request.manager != "systemd":
        return set()
    known = managers.ManagerFacts(request.manager, request.directory, {})
    listed = [file for unit in request.units for file in managers.file_names("systemd", unit)]
    recorded = sources.to_come(request.location, request.source, request.directory, listed)
    installed = recorded.with_others(coming)
    found: set[str] = set()
    for unit in request.units:
        with contextlib.suppress(LookupError, OSError):
            files = managers.defined(known, unit, installed).environment_files
            found.update(os.path.realpath(file.path) for file in files)
    return found


class UnitFileKind(NamedTuple):
    """Reads a unit file: its own name, and the request that it is about."""

    name: str
    request: ConfigurationRequest

    def read(self, text: str) -> unit_check.UnitFaults:
        """Return what is wrong with its text."""
        unit = unit_check.unit_of(self.name, self.request.units)
        return unit_check.faults(self.name, text, unit, self.request.manager)


def env_by_systemd(text: str) -> unit_check.UnitFaults:
    """Return what systemd makes of an environment file: what it ignores is not set."""
    found = env_file.systemd(text)
    problem = next((f"line {one.line}: {one.problem}" for one in found if one.problem), "")
    ignored = (f"line {one.line}: {one.warning}" for one in found if one.warning)
    return unit_check.UnitFaults(problem, tuple(ignored))
