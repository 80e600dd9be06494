"""The drill's criterion about the database; collected after those of `test_phases`."""

from __future__ import annotations

from pytest_rollback.criteria import criterion
from pytest_rollback.extras.database.action import RESTORE_DATABASE
from pytest_rollback.recovery.action import Done


@criterion("drill.database.restored", phase="configuration", needs=('database.return = "restore"',))
def test_the_database_is_restored(extras_restored: dict[str, Done]) -> None:
    """'Restore database backup if needed': the dump was restored, with return = "restore"."""
    assert extras_restored[RESTORE_DATABASE.name].action is RESTORE_DATABASE
