"""What brings a host back, in the procedure's order. An action looks, and plans without a host."""

from __future__ import annotations

from pytest_rollback.recovery.action import AnyAction
from pytest_rollback.recovery.actions.archive import CLOSE
from pytest_rollback.recovery.actions.configuration import (
    CLEAR_CACHES,
    INSTALL_UNITS,
    RESTORE_CONFIGURATION,
)
from pytest_rollback.recovery.actions.database import RESTORE_DATABASE
from pytest_rollback.recovery.actions.default_configuration import USE_DEFAULTS
from pytest_rollback.recovery.actions.files import REMOVE_ADDED, RESTORE_FILES
from pytest_rollback.recovery.actions.maintenance import MAINTENANCE_OFF, MAINTENANCE_ON
from pytest_rollback.recovery.actions.services import ISOLATE, START, START_OPTIONAL
from pytest_rollback.recovery.actions.snapshot import SNAPSHOT
from pytest_rollback.recovery.actions.start_guard import GUARD_OFF, GUARD_ON
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
    "REMOVE_ADDED",
    "RESTORE_CONFIGURATION",
    "RESTORE_DATABASE",
    "RESTORE_FILES",
    "SEPARATE",
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
    RESTORE_FILES,
    REMOVE_ADDED,
    RESTORE_CONFIGURATION,
    USE_DEFAULTS,
    INSTALL_UNITS,
    CLEAR_CACHES,
    RESTORE_DATABASE,
    SEPARATE,
    GUARD_OFF,
    START,
    START_OPTIONAL,
    MAINTENANCE_OFF,
    CLOSE,
)
"""All of them; each comes after the one before it."""
