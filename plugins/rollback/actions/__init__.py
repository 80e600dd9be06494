"""What brings a host back, in the procedure's order. An action looks, and plans without a host."""

from __future__ import annotations

from rollback.action import Action
from rollback.actions.closing import CLOSE
from rollback.actions.configuration import CLEAR_CACHES, INSTALL_UNITS, RESTORE_CONFIGURATION
from rollback.actions.database import RESTORE_DATABASE
from rollback.actions.defaults import USE_DEFAULTS
from rollback.actions.files import REMOVE_ADDED, RESTORE_FILES
from rollback.actions.guard import GUARD_OFF, GUARD_ON
from rollback.actions.maintenance import MAINTENANCE_OFF, MAINTENANCE_ON
from rollback.actions.parting import SEPARATE
from rollback.actions.snapshot import SNAPSHOT
from rollback.actions.units import ISOLATE, START, START_OPTIONAL

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

ACTIONS: tuple[Action, ...] = (
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
