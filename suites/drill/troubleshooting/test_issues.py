"""The procedure's four issues: a sandbox is broken in each way, and the rollback gets past it."""

from __future__ import annotations

from pytest_rollback.criteria import criterion
from pytest_rollback.fixtures.troubleshooting import Practise


@criterion("troubleshooting.backups.missing")
def test_lost_copies_come_from_git(practise: Practise) -> None:
    """'Use git to restore previous version': missing backups come from the recorded commit."""
    practise("backups-missing", remedy="from git")


@criterion("troubleshooting.configuration.corrupt")
def test_corrupt_configuration_gets_its_defaults(practise: Practise) -> None:
    """'Reset to default configuration': only unreadable files are replaced by their defaults."""
    practise("configuration-corrupt", remedy="by the default configuration", defaults=True)


@criterion("troubleshooting.imports.stale")
def test_stale_bytecode_is_cleared(practise: Practise) -> None:
    """'Clear Python cache': stale bytecode is moved away before any unit starts."""
    practise("imports-stale", remedy="bytecode file")


@criterion("troubleshooting.database.migrated")
def test_a_migrated_database_is_restored(practise: Practise) -> None:
    """'Restore database backup if needed': the dump is restored and swapped in."""
    practise("database-migrated", remedy="restore the database", database=True)
