"""Requests to the agent with what most tests do not care about filled in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_rollback.agent.messages.location import (
    ComponentFiles,
    HolderProcess,
    Location,
    Selection,
)
from pytest_rollback.agent.messages.restore import RestoreRequest, SharedRequest
from pytest_rollback.agent.messages.rollback.files import FilesRequest
from pytest_rollback.agent.messages.rollback.undo import UndoRequest
from pytest_rollback.agent.messages.state.runs import BeginRequest
from pytest_rollback.agent.system.processes import here

if TYPE_CHECKING:
    from pathlib import Path

SUFFIX = ".backup"
DEAD = 2**22 + 7
"""A process id that nobody has."""


def located(root: Path, state: Path, run: str = "r1") -> Location:
    """Return where a system lies."""
    return Location(str(root), str(state), SUFFIX, run)


def selected(
    *,
    only: tuple[str, ...] = (),
    configuration: tuple[str, ...] = (),
    git: str | None = None,
    secrets: tuple[str, ...] = (),
    **patterns: tuple[str, ...],
) -> Selection:
    """Return whose files are meant; other keywords are components with their patterns."""
    components = tuple(ComponentFiles(*each) for each in patterns.items())
    return Selection(components, only, configuration, git, secrets)


EVERYTHING = selected()
"""Every recorded file; all of them are files, and none is configuration."""


def restore(location: Location, selection: Selection = EVERYTHING) -> RestoreRequest:
    """Return a request about a restore of all files."""
    return RestoreRequest(location, selection)


def files(location: Location, selection: Selection = EVERYTHING) -> FilesRequest:
    """Return a request about files around a restore."""
    return FilesRequest(location, selection)


def shared(location: Location) -> SharedRequest:
    """Return a request about backups that share their bytes."""
    return SharedRequest(location)


def undo(location: Location) -> UndoRequest:
    """Return a request about the undo of a run, with nobody to reload."""
    return UndoRequest(location)


def process(pid: int = DEAD, since: float = 1.0) -> HolderProcess:
    """Return a process of this machine."""
    return HolderProcess(*here(), pid, since)


def begin(
    state: Path | str, run: str = "r1", *, holder: HolderProcess | None = None, by: str = "ann"
) -> BeginRequest:
    """Return the request that takes the host for a run; its holder is dead if none is given."""
    return BeginRequest(str(state), run, by, holder or process(), "here")
