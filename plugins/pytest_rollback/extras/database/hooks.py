"""Hooks of the database: its restore action, at its place in the procedure."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_rollback.run.extra_types import PlacedAction
from pytest_rollback.run.hookspecs import hookimpl


@hookimpl
def pytest_rollback_actions() -> Sequence[PlacedAction]:
    """The database comes last of what is restored, after files and configuration."""
    from pytest_rollback.extras.database.action import RESTORE_DATABASE  # noqa: PLC0415

    return (PlacedAction(RESTORE_DATABASE, "clear stale bytecode"),)
