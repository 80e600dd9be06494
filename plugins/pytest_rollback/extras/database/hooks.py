"""Hooks of the database: its restore action, at its place in the procedure, and its command."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pytest_rollback.run.extra_types import Command, PlacedAction
from pytest_rollback.run.hookspecs import hookimpl


@hookimpl
def pytest_rollback_actions() -> Sequence[PlacedAction]:
    """A database is restored last, after files and configuration, and migrated back before them.

    Only the live release has the migrations that are taken back.
    """
    from pytest_rollback.extras.database.action import RESTORE_DATABASE  # noqa: PLC0415
    from pytest_rollback.extras.database.migrate import MIGRATE_DATABASE  # noqa: PLC0415

    return (
        PlacedAction(MIGRATE_DATABASE, "show the maintenance page"),
        PlacedAction(RESTORE_DATABASE, "clear stale bytecode"),
    )


@hookimpl
def pytest_rollback_commands() -> Mapping[str, Command]:
    """Add the rehearsal of a restore."""
    return {
        "rehearse": Command(
            "extras.database.command:main", "restore the dump into a throw-away server, and compare"
        )
    }
