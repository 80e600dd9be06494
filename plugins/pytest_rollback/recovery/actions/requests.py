"""What every question of an action states: where the system is, whose files, which units."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_rollback.agent.messages.location import Location, Selection
from pytest_rollback.agent.messages.rollback.migrations import MigrationCommands
from pytest_rollback.manifest import requests
from pytest_rollback.manifest.model import System
from pytest_rollback.recovery.action import Scope

PATIENT = 120.0
"""Seconds for a look that reads many files."""

BYTES_A_SECOND = 100e6
FILES_A_SECOND = 1000


def location(scope: Scope) -> Location:
    """Return where the system lies on its host, with the run that was begun there."""
    return requests.location(scope.system, scope.run, scope.holder)


def selection(scope: Scope) -> Selection:
    """Return which recorded files are rolled back."""
    return requests.selection(scope.system, scope.owners)


def migrations(system: System) -> MigrationCommands | None:
    """Return the commands that migrate a system's database back, None where none are named."""
    told = system.database.migrate if system.database else None
    if told is None:
        return None
    (component,) = [each for each in system.components if told.component in {None, each.name}]
    trial = requests.trial(system, [requests.component(component)], told.timeout)
    where = trial._replace(live=True, files=())
    return MigrationCommands(told.down, told.up, told.target, told.timeout, where, told.files)


def copying_time(files: int, size: int = 0) -> float:
    """Return the seconds that files of so many bytes in all are expected to take."""
    return 0.2 + size / BYTES_A_SECOND + files / FILES_A_SECOND


def some(paths: Sequence[str]) -> str:
    """Return the first of some paths, and how many more there are, for people."""
    shown = ", ".join(ascii(path)[1:-1] for path in paths[:3])
    return f"{shown} and {len(paths) - 3} more" if len(paths) > 3 else shown  # noqa: PLR2004
