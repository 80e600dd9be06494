"""Plugins of somebody else: what they answer is checked, what they break is named and contained."""

# ruff: noqa: ARG001, ARG005 - a hook names what it is given

from __future__ import annotations

from typing import Any

import pluggy
import pytest

from pytest_rollback.errors import UsageError
from pytest_rollback.manifest.model import System
from pytest_rollback.recovery.actions import CLEAR_CACHES, ISOLATE
from pytest_rollback.run import extras, hookspecs
from pytest_rollback.run.extra_types import PlacedAction, ResultText
from pytest_rollback.run.extras import Extras
from pytest_rollback.run.hookspecs import hookimpl
from tests.unit.support.run_facts import SYSTEM, outcome

RUN: Any = object()


def joined(**hooks: object) -> Extras:
    """Return the parts of a session with two plugins: one with these hooks, and a good one."""
    manager = pluggy.PluginManager("pytest")
    manager.add_hookspecs(hookspecs)
    manager.register(Good(), "good")
    bad = type("Bad", (), {name: hookimpl(staticmethod(call)) for name, call in hooks.items()})
    manager.register(bad(), "bad")
    return Extras(manager.hook)


class Good:
    """A plugin that does what it should."""

    @hookimpl
    def pytest_rollback_decided(self, run: Any) -> None:  # noqa: ANN401 - a run
        """Remember it."""
        GOOD.append(run)


GOOD: list[object] = []


@pytest.mark.parametrize(
    "error", [ValueError("boom"), SystemExit(0), pytest.exit.Exception("x", 0)]
)
def test_who_is_told_something_ends_no_session(error: BaseException) -> None:
    """A rollback goes on, the other plugins are told as well, and the failure has its name."""

    def decided(run: object) -> None:
        raise error

    found = joined(pytest_rollback_decided=decided)
    GOOD.clear()
    found.decided(RUN)
    found.decided(RUN)

    assert GOOD == [RUN, RUN]
    assert len(found.problems) == 1
    assert found.problems[0].startswith("the plugin bad failed in pytest_rollback_decided: ")
    assert "HINT: correct it, or leave it out: -p no:bad" in found.problems[0]


@pytest.mark.parametrize(
    ("hook", "value", "ask"),
    [
        ("pytest_rollback_options", ["--x"], lambda found: found.options),
        ("pytest_rollback_actions", [ISOLATE], lambda found: found.actions),
        ("pytest_rollback_commands", {"x": "y"}, lambda found: found.commands),
        ("pytest_rollback_secrets", {"x": 7}, lambda found: found.secrets(SYSTEM)),
    ],
)
def test_an_answer_of_another_type_is_refused(hook: str, value: object, ask: Any) -> None:  # noqa: ANN401
    """One message with the plugin, the hook and the way out."""
    given = {"pytest_rollback_secrets": lambda system: value}.get(hook, lambda: value)
    with pytest.raises(UsageError, match=f"the plugin bad answered .* to {hook}") as caught:
        ask(joined(**{hook: given}))

    assert caught.value.hint == "correct it, or leave it out: -p no:bad"


def test_an_action_where_nobody_would_perform_it_is_refused() -> None:
    """What is planned is carried out: there is one place for the actions of others."""
    placed = (PlacedAction(ISOLATE, "isolate component"),)
    found = joined(pytest_rollback_actions=lambda: placed)

    with pytest.raises(UsageError, match="is to come after 'isolate component'") as caught:
        _ = found.actions
    assert CLEAR_CACHES.name in caught.value.hint


def test_outcomes_cannot_be_taken_away() -> None:
    """A plugin gets what it may read, and nothing that it could change."""
    outcomes = [outcome("readiness.a.b", "not met")]

    def advice(outcomes: Any) -> None:  # noqa: ANN401
        outcomes.clear()

    found = joined(pytest_rollback_advice=advice)
    assert found.advice(outcomes, RUN, RUN) is None
    assert len(outcomes) == 1
    assert "AttributeError" in found.problems[0]


def test_words_of_a_plugin_that_fails_are_left_out() -> None:
    """Neither summary nor result are lost with them."""
    found = joined(pytest_rollback_next=lambda run: 7, pytest_rollback_result=lambda result: "fine")

    assert (found.following(RUN), found.written(RUN), len(found.problems)) == ([], [], 2)
    assert joined(pytest_rollback_result=lambda result: ResultText("ok")).written(RUN) == [
        ResultText("ok")
    ]


def test_a_short_secret_redacts_nothing() -> None:
    """A value of one letter would take that letter out of every path."""
    found = joined(pytest_rollback_secrets=lambda system: {"a": "o", "b": "hunter2"})

    assert found.secrets(SYSTEM) == {"b": "hunter2"}


def test_a_part_that_was_left_out_counts_as_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """`-p no:rollback-incident` with people described would tell nobody, and nobody of that."""
    monkeypatch.setattr(extras, "names", lambda: ["incident", "runbook"])
    monkeypatch.setattr(extras, "has_hooks", lambda name: name == "incident")
    known = joined().parts
    assert known == ["runbook"]

    with pytest.raises(UsageError, match="leave out -p no:rollback-incident"):
        extras.described(System.model_construct({"notify"}), extras.FOLDER, known)
