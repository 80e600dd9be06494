"""The actions of a rollback, one file for each, in the order of the procedure.

Promise: an action reads the host and returns changes; it applies none, and knows neither the gate
nor pytest. Its plan is a pure function of what was found, and is empty when nothing is left to do.

In order: `snapshot`; units down (`services`), `start_guard`, `maintenance`; `packages`; `files`,
`release`;
`configuration` and `default_configuration`; `unshare`, the guard off, units up (`starts`); the page
off; `archive`. Parts of `extras/` place actions of theirs among these. `requests` builds what
several actions ask of the agent. `undo` is no part of the order: it takes a run back. `ACTIONS`
below is the order; rehearsal, drill and status read it.
"""

from __future__ import annotations

from pytest_rollback.recovery.action import AnyAction
from pytest_rollback.recovery.actions.archive import CLOSE
from pytest_rollback.recovery.actions.configuration import (
    CLEAR_CACHES,
    INSTALL_UNITS,
    RESTORE_CONFIGURATION,
)
from pytest_rollback.recovery.actions.default_configuration import USE_DEFAULTS
from pytest_rollback.recovery.actions.files import REMOVE_ADDED, RESTORE_FILES
from pytest_rollback.recovery.actions.maintenance import MAINTENANCE_OFF, MAINTENANCE_ON
from pytest_rollback.recovery.actions.packages import RETURN_PACKAGES
from pytest_rollback.recovery.actions.release import RETURN_RELEASE
from pytest_rollback.recovery.actions.services import ISOLATE
from pytest_rollback.recovery.actions.snapshot import SNAPSHOT
from pytest_rollback.recovery.actions.start_guard import GUARD_OFF, GUARD_ON
from pytest_rollback.recovery.actions.starts import SETTLE, SETTLE_OPTIONAL, START, START_OPTIONAL
from pytest_rollback.recovery.actions.unshare import SEPARATE

__all__ = [
    "ACTIONS",
    "CLEAR_CACHES",
    "CLOSE",
    "GUARD_OFF",
    "GUARD_ON",
    "INSTALL_UNITS",
    "ISOLATE",
    "MAINTENANCE_OFF",
    "MAINTENANCE_ON",
    "OPTIONAL",
    "PLACES",
    "REMOVE_ADDED",
    "RESTORE_CONFIGURATION",
    "RESTORE_FILES",
    "RETURN_PACKAGES",
    "RETURN_RELEASE",
    "SEPARATE",
    "SETTLE",
    "SETTLE_OPTIONAL",
    "SNAPSHOT",
    "START",
    "START_OPTIONAL",
    "USE_DEFAULTS",
]

ACTIONS: tuple[AnyAction, ...] = (
    SNAPSHOT,
    ISOLATE,
    GUARD_ON,
    MAINTENANCE_ON,
    RETURN_PACKAGES,
    RESTORE_FILES,
    REMOVE_ADDED,
    RETURN_RELEASE,
    RESTORE_CONFIGURATION,
    USE_DEFAULTS,
    INSTALL_UNITS,
    CLEAR_CACHES,
    SEPARATE,
    GUARD_OFF,
    START,
    START_OPTIONAL,
    SETTLE,
    SETTLE_OPTIONAL,
    MAINTENANCE_OFF,
    CLOSE,
)
"""Those of the core; each comes after the one before it."""

PLACES: tuple[AnyAction, ...] = (MAINTENANCE_ON, CLEAR_CACHES)
"""Those after which parts may place actions: before the release comes back, and after it."""

OPTIONAL = frozenset({START_OPTIONAL.name, SETTLE_OPTIONAL.name})
"""Those whose failure is only told."""
