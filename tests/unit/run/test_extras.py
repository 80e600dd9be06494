"""Parts join by their hooks: options, commands, actions in their places; a missing one is told."""

from __future__ import annotations

from pathlib import Path

import pluggy
import pytest

from pytest_rollback.errors import UsageError
from pytest_rollback.manifest.model import System
from pytest_rollback.recovery.action import Action
from pytest_rollback.recovery.actions import ACTIONS, CLEAR_CACHES
from pytest_rollback.run import extras, hookspecs
from pytest_rollback.run.extra_types import ExtraOption, PlacedAction
from pytest_rollback.run.extras import TABLES, Extras
from pytest_rollback.run.hookspecs import hookimpl
from pytest_rollback.transport.batch import Look, without_asking
from tests.unit.support.run_facts import SYSTEM


def nothing(_scope: object) -> Look[None]:
    """Look at nothing."""
    return without_asking(None)


POLISH = Action("polish", "services", look=nothing, plan=lambda _scope, _found: ())


class Polisher:
    """A part of somebody else."""

    @hookimpl
    def pytest_rollback_options(self) -> tuple[ExtraOption, ...]:
        """One option."""
        return (ExtraOption("--shine", "how bright", "LUX"),)

    @hookimpl
    def pytest_rollback_actions(self) -> tuple[PlacedAction, ...]:
        """One action, before everything ends."""
        return (PlacedAction(POLISH, CLEAR_CACHES.name),)


@pytest.fixture
def joined() -> Extras:
    """The parts of a session in which nobody but the polisher joined."""
    manager = pluggy.PluginManager("pytest")
    manager.add_hookspecs(hookspecs)
    manager.register(Polisher())
    return Extras(manager.hook)


def test_an_action_comes_after_the_one_it_names(joined: Extras) -> None:
    """The core's actions keep their order."""
    found = list(joined.actions)

    assert found[found.index(CLEAR_CACHES) + 1] is POLISH
    assert [each for each in found if each is not POLISH] == list(ACTIONS)
    assert joined.after(CLEAR_CACHES) == [POLISH]


def test_what_nobody_answers_is_empty(joined: Extras) -> None:
    """No part is needed by anybody."""
    assert joined.options == [ExtraOption("--shine", "how bright", "LUX")]
    assert (joined.commands, joined.practice, joined.secrets(SYSTEM)) == ({}, {}, {})
    assert (joined.quiet({}), joined.refused({}, "no")) == (False, None)


@pytest.mark.parametrize("table", TABLES)
def test_a_table_without_its_part_is_refused(table: str) -> None:
    """What is described and would not be evaluated is not met; with the part it is fine."""
    system = System.model_construct({table}, **{table: None})
    extras.described(system, Path("rollback.toml"), extras.names())

    with pytest.raises(UsageError, match=rf"has \[{table}\], but the part '{TABLES[table]}'"):
        extras.described(system, Path("rollback.toml"), ())


def test_every_part_that_joins_has_only_known_hooks() -> None:
    """A misspelt hook would never be called; pluggy finds it."""
    manager = pluggy.PluginManager("pytest")
    manager.add_hookspecs(hookspecs)
    for name, module in extras.modules():
        manager.register(module, name)

    manager.check_pending()
