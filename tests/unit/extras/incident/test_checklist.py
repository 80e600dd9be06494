"""The procedure's checklists: ticked by what was checked and met in this run, by nothing else."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from pytest_rollback.criteria import OUTCOMES, Outcome
from pytest_rollback.evidence.events import ActionBegun, ActionDone, ActionFailed, Event
from pytest_rollback.extras.incident.checklist import (
    ITEMS,
    ChecklistEntry,
    ChecklistItem,
    checklist,
)
from pytest_rollback.run.extras import outside

REPOSITORY = Path(__file__).resolve().parents[4]
ALONE = (ChecklistItem("L", "one", (("a.b.c",),)),)


def outcome(identity: str, result: str = "met", component: str | None = None) -> Outcome:
    """Return how one criterion ended."""
    return Outcome(identity, component, result, "It is so.", 0.1)


def state(items: tuple[ChecklistItem, ...], outcomes: list[Outcome], *events: Event) -> str:
    """Return the state of the only item."""
    (found,) = checklist(outcomes, events, items)
    return found.state


def identities() -> set[str]:
    """Return every criterion id below `suites/`, from its sources."""
    trees = (ast.parse(path.read_text()) for path in REPOSITORY.glob("suites/**/test_*.py"))
    calls = (node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call))
    return {
        ast.literal_eval(call.args[0])
        for call in calls
        if isinstance(call.func, ast.Name) and call.func.id == "criterion"
    }


def test_every_id_in_the_table_is_a_criterion() -> None:
    """A criterion that was renamed would leave its item unticked for ever."""
    named = {each for item in ITEMS for group in item.needs for each in group}

    assert named - identities() == set()


def test_every_action_in_the_table_is_one() -> None:
    """The same for actions."""
    named = {each for item in ITEMS for each in item.actions}

    assert named - {action.name for action in outside().actions} == set()


def test_a_run_of_nothing_ticks_nothing() -> None:
    """What was not checked is not done."""
    assert {each.state for each in checklist([], [])} == {"not checked"}


@pytest.mark.parametrize(
    ("result", "shown"),
    [
        ("met", "done"),
        ("not met", "missing"),
        ("advisory", "missing"),
        ("inconclusive", "not checked"),
        ("not reached", "not checked"),
        ("waived", "not checked"),
    ],
)
def test_only_met_is_done(result: str, shown: str) -> None:
    """A waiver excuses, it does not show."""
    assert result in OUTCOMES
    assert state(ALONE, [outcome("a.b.c", result)]) == shown


@pytest.mark.parametrize("identity", ["a.b.cd", "a.b", "x.a.b.c", "a.b.c_", "A.B.C"])
def test_no_id_ticks_by_looking_like_another(identity: str) -> None:
    """Neither a longer nor a shorter one."""
    assert state(ALONE, [outcome(identity)]) == "not checked"


def test_one_component_is_enough_to_miss_it() -> None:
    """Three that are well do not outweigh one that is not."""
    outcomes = [outcome("a.b.c", "met", name) for name in "abc"]

    assert state(ALONE, outcomes) == "done"
    assert state(ALONE, [*outcomes, outcome("a.b.c", "not met", "d")]) == "missing"
    assert state(ALONE, [*outcomes, outcome("a.b.c", "inconclusive", "d")]) == "not checked"


def test_every_group_is_needed_and_one_of_a_group_is_enough() -> None:
    """Groups are all needed; within a group whatever was checked counts."""
    items = (ChecklistItem("L", "two", (("a.b.c", "a.b.d"), ("e.f.g",))),)

    assert state(items, [outcome("a.b.c")]) == "not checked"
    assert state(items, [outcome("a.b.d"), outcome("e.f.g")]) == "done"
    assert state(items, [outcome("a.b.c", "not met"), outcome("a.b.d"), outcome("e.f.g")]) == (
        "missing"
    )


def test_an_action_ticks_when_it_was_proven_done() -> None:
    """Begun is not done; failed is missed; how it ended last counts."""
    items = (ChecklistItem("L", "act", actions=("stop",)),)
    begun, done, failed = ActionBegun("stop"), ActionDone("stop"), ActionFailed("stop")

    assert state(items, []) == "not checked"
    assert state(items, [], begun) == "not checked"
    assert state(items, [], begun, done) == "done"
    assert state(items, [], begun, failed) == "missing"
    assert state(items, [], begun, failed, begun, done) == "done"
    assert state(items, [], ActionDone("stop it all")) == "not checked"


def test_what_ticked_an_item_is_named() -> None:
    """Only what took part, in the table's order."""
    items = (ChecklistItem("L", "act", (("a.b.c",), ("d.e.f",)), ("stop",)),)
    (found,) = checklist([outcome("a.b.c")], [ActionDone("stop")], items)

    assert found == ChecklistEntry("L", "act", "act", "not checked", ("a.b.c", "stop"))
