"""The drill's criterion about a database that is migrated back; collected before `test_phases`.

That is done with the live release at hand, before its files are rolled back.
"""

from __future__ import annotations

from pytest_rollback.criteria import criterion
from pytest_rollback.extras.database.migrate import MIGRATE_DATABASE
from pytest_rollback.recovery.action import Done


@criterion("drill.database.migrated", phase="files", needs=('database.return = "migrate"',))
def test_the_database_is_migrated_back(extras_prepared: dict[str, Done]) -> None:
    """'Database migration not reverted': its head is what the previous release needs."""
    assert extras_prepared[MIGRATE_DATABASE.name].action is MIGRATE_DATABASE
