"""A rollback that is under way, or half done, is what every suite says first."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_rollback.agent.messages.location import Location
from pytest_rollback.agent.messages.state.runs import BeginRequest, EndRequest
from pytest_rollback.agent.state import lock, runs
from pytest_rollback.recovery.lock_holder import Holder
from tests.plugin.shop import NAMES, Shop

JUDGING = ("triage", "readiness", "validate", "monitor")


@pytest.fixture(scope="module")
def running() -> Iterator[Shop]:
    """A shop that runs its current release, for all tests of this file."""
    shop = Shop(Path(tempfile.mkdtemp(prefix="shop-")))
    shop.up()
    yield shop
    shop.down()


@pytest.fixture
def shop(running: Shop) -> Shop:
    """The same shop, held by somebody who has stopped its units, and works on."""
    me = Holder.here("r1", "ann")
    runs.begin(BeginRequest(str(running.state), me.run, me.by, me.process, "corner"))
    with lock.working(Location(str(running.root), str(running.state), ".prev", "r1")) as work:
        for event in ("snapshot", "snapshot done", "stop", "stop done"):
            work.journal.add(event)
    return running


def logs(shop: Shop) -> list[str]:
    """Return what the services have logged."""
    return [(shop.home / f"{name}.log").read_text() for name in NAMES]


@pytest.mark.parametrize("suite", JUDGING)
@pytest.mark.parametrize("words", [(), ("-n", "2")])
def test_a_run_that_is_under_way(shop: Shop, suite: str, words: tuple[str, ...]) -> None:
    """The lock's exit code, by whom, since when; and the services were asked nothing."""
    before = logs(shop)
    code, printed = shop.pytest(f"suites/{suite}", "--soak=1s", *words)
    first = next(each for each in shop.record()["criteria"] if each["outcome"] == "not met")

    assert code == 12, printed
    assert first["message"].startswith("held by ann (process ")
    assert " since 20" in first["message"]
    assert "READY (" not in printed.replace("NOT READY", "")
    assert logs(shop) == before


def test_a_rehearsal_does_not_ask_either(shop: Shop) -> None:
    """Its looks would reach the services."""
    before = logs(shop)
    code, printed = shop.pytest("suites/drill", "--dry-run")

    assert (code, "held by ann" in printed) == (12, True), printed
    assert logs(shop) == before


@pytest.mark.parametrize("suite", JUDGING)
def test_a_run_that_lies_half_done(shop: Shop, suite: str) -> None:
    """Who has begun it, what comes next, and the command that resumes it, to be pasted."""
    runs.end(EndRequest(str(shop.state), "r1", "interrupted"))
    before = logs(shop)
    code, printed = shop.pytest(f"suites/{suite}", "--soak=1s")

    assert (code, "a rollback is not finished: begun by ann" in printed) == (12, True), printed
    assert re.search(
        rf"^ *HINT: to resume it: \S*rollback now --target={shop.manifest}$", printed, re.MULTILINE
    )
    assert logs(shop) == before


def test_what_resumes_it_does(shop: Shop) -> None:
    """The script shows the plan all the same; once it is resumed nothing is in anybody's way."""
    runs.end(EndRequest(str(shop.state), "r1", "interrupted"))
    code, printed = shop.rollback("now", "--dry-run")
    assert (code, "a rollback is not finished" in printed, "REHEARSED" in printed) == (
        0,
        True,
        True,
    )

    code, printed = shop.pytest("suites/drill", "suites/validate", "--arm=corner")
    assert "a rollback is not finished" not in printed, printed
    assert code == 10, printed  # nobody has stored a baseline
    code, printed = shop.pytest("suites/drill", "--arm=corner")
    assert (code, "RECOVERED in " in printed) == (0, True), printed
    code, printed = shop.pytest("suites/triage")
    assert code != 12, printed
    assert ("in the backup set" in printed, "the set is used up" in printed) == (
        False,
        True,
    ), printed
