"""Hooks of the fleet: its commands."""

from __future__ import annotations

from collections.abc import Mapping

from pytest_rollback.run.extra_types import Command
from pytest_rollback.run.hookspecs import hookimpl


@hookimpl
def pytest_rollback_commands() -> Mapping[str, Command]:
    """Add what can be done with a fleet."""
    here = "extras.fleet.command"
    return {
        "fleet ready": Command(f"{here}:ready", "could every host of a fleet be rolled back now?"),
        "fleet plan": Command(f"{here}:plan", "show the hosts of a fleet, and its batches"),
        "fleet roll": Command(f"{here}:roll", "roll a fleet back: a canary, then in batches"),
        "fleet undo": Command(f"{here}:undo", "undo the last rollback of each host of a fleet"),
        "fleet status": Command(f"{here}:status", "ask every host of a fleet which release it has"),
    }
