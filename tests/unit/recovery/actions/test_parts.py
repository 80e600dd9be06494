"""What a rollback of some components leaves of a release of several parts: said, and not asked."""

from __future__ import annotations

import pytest

from pytest_rollback.recovery import strategies
from pytest_rollback.recovery.action import Action, Scope
from pytest_rollback.recovery.actions.packages import RETURN_PACKAGES
from pytest_rollback.recovery.actions.release import RETURN_RELEASE
from pytest_rollback.transport.batch import Look
from tests.unit.manifest.test_parts import system

BOTH = pytest.mark.parametrize(
    ("action", "mine", "words"),
    [
        (RETURN_PACKAGES, "agent", "packages stay: they are those of packages (agent)"),
        (RETURN_RELEASE, "edge", "the release stays: those of commands (edge) bring back these"),
    ],
)


def asks(look: Look[object]) -> bool:
    """Return whether a look asks the host anything."""
    try:
        return bool(next(look))
    except StopIteration:
        return False


@BOTH
def test_a_part_of_other_components_stays_and_is_told(
    action: Action[object], mine: str, words: str
) -> None:
    """With the command that brings it back; its own components bring it back, as all do."""
    others = Scope(system(), frozenset({"jobs"}))
    assert action.spared(others).startswith(words)
    assert "HINT: to have the previous" in action.spared(others)
    assert not asks(action.look(others))
    for only in ((), (mine,), (mine, "jobs")):
        chosen = Scope(system(), frozenset(only))
        assert action.spared(chosen) == ""
        assert asks(action.look(chosen))


def test_only_the_parts_of_some_components_are_looked_at() -> None:
    """At the entry of a drill, and by readiness and validate of the same scope."""
    used = [each.name for each in strategies.used(system(), {"sidecar", "jobs"})]
    assert used == ["images"]
    assert strategies.used(system(), {"jobs"}) == ()
