"""The plan for a release that commands bring back: empty when look shows what was recorded."""

from __future__ import annotations

import tomllib

import pytest

from pytest_rollback.agent.messages.backup.commands import ReleaseLook
from pytest_rollback.errors import Inconclusive, Refused
from pytest_rollback.manifest.load import parse
from pytest_rollback.recovery.action import Scope
from pytest_rollback.recovery.actions.release import (
    NO_UNDO,
    RETURN_RELEASE,
    returns,
    spared,
    wanted,
)

SHOP = """
[system]
name = "shop"
root = "/srv/shop"
state = "/var/lib/rollback/shop"
[target]
name = "here"
connection = "local://"
[services]
manager = "systemd"
source = "units"
[release]
strategy = "commands"
[release.commands]
look = ["shop", "live"]
return = ["shop", "back to", "1"]
undo = ["shop", "forth"]
[[components]]
name = "web"
unit = "web"
health = "web"
[probes.web]
url = "http://127.0.0.1:8000/"
"""
LIVE = ReleaseLook(live=("shop-2",), recorded=("shop-1",), seen="d")
BACK = LIVE._replace(live=("shop-1",), is_back=True)


def scope(text: str = SHOP, *only: str) -> Scope:
    """Return what is rolled back."""
    return Scope(parse(tomllib.loads(text), "x"), frozenset(only))


def test_there_is_one_change_and_then_none() -> None:
    """It says what is run and why, and takes as long as it may."""
    (change,) = returns(scope(), LIVE)

    assert change.what == "return the release by shop 'back to' 1"
    assert change.why == "look shows shop-2, and not shop-1"
    assert change.call.request.seen == "d"
    assert change.estimate == 380.0
    assert change.call.seconds > change.estimate
    assert returns(scope(), BACK) == ()


def test_the_end_that_a_killed_run_did_not_note_is_noted() -> None:
    """No command is run for it."""
    (change,) = returns(scope(), BACK._replace(unfinished=True))
    assert change.what == "note that the previous release is back"


def test_what_cannot_be_undone_is_in_the_plan() -> None:
    """So that the dry run, the timeline and the report have it."""
    (change,) = returns(scope(SHOP.replace('undo = ["shop", "forth"]', "")), LIVE)
    assert change.what.endswith(NO_UNDO)


def test_what_is_not_known_is_no_plan() -> None:
    """A look without an answer, and a third release, with the way out."""
    with pytest.raises(Inconclusive, match="look failed") as told:
        returns(scope(), BACK._replace(problem="look failed", hint="on the host: shop live"))
    assert "while the units are down" in told.value.hint
    with pytest.raises(Refused, match="neither shop-1, which was recorded"):
        returns(scope(), LIVE._replace(strange=True))


def test_some_components_leave_the_release() -> None:
    """Commands bring back all of them; it is said, with the command that does."""
    assert wanted(scope())
    assert not wanted(scope(SHOP, "web"))
    assert "--component" in spared(scope(SHOP, "web"))
    assert spared(scope()) == ""
    assert returns(scope(SHOP, "web"), None) == ()
    assert RETURN_RELEASE.phase == "files"
