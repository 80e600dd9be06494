"""The issues of the procedure are practised with the remedy that each of them has."""

from __future__ import annotations

import tomllib

from pytest_rollback.extras.sandbox.troubleshooting import restoring
from pytest_rollback.manifest.load import parse
from tests.unit.manifest.test_release_commands import SHOP

STORE = """
[database]
name = "shop"
dump = "/var/backups/shop.dump"
"""


def test_the_issue_of_the_database_restores_it() -> None:
    """Also where a rollback of the system keeps it, and whether or not a restore was rehearsed."""
    system = parse(tomllib.loads(SHOP + STORE), "rollback.toml")
    assert system.database
    assert not system.database.restores
    practised = restoring(system).database

    assert practised
    assert practised.restores
    assert not practised.rehearsal.required


def test_a_system_without_a_database_is_practised_without_one() -> None:
    """There is nothing to restore."""
    assert restoring(parse(tomllib.loads(SHOP), "rollback.toml")).database is None


def test_nothing_else_of_the_system_is_changed() -> None:
    """The practice is one of the very system that is described."""
    system = parse(tomllib.loads(SHOP + STORE), "rollback.toml")

    assert restoring(system).model_copy(update={"database": system.database}) == system
