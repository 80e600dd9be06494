"""What was live before, as the logs of deploy tools have it: Capistrano's and Deployer's."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from pytest_rollback.agent.backup.strategies import history
from tests.unit.agent.backup.test_links import Linked


@pytest.fixture
def shop(tmp_path: Path) -> Linked:
    """A system of which release 2 is live over release 1."""
    shop = Linked(tmp_path)
    shop.deploy()
    return shop


def test_history_names_what_was_live_before(tmp_path: Path) -> None:
    """Capistrano: what it rolled back to counts, and a release that is gone does not."""
    shop = Linked(tmp_path)
    for name in ("2", "3", "4"):
        shop.release(name)
    shop.lead("4")
    words = ["(at a1) deployed as release 1 by ann", "(at a2) deployed as release 2 by ann"]
    words += ["ann rolled back to release 1", "Branch main (at a4) deployed as release 4 by ann"]
    (shop.root / "revisions.log").write_text("".join(f"Branch main {each}\n" for each in words))

    found = shop.look()
    assert found.place == str(shop.place("1"))
    assert "revisions.log names" in found.faults[0].detail

    shutil.rmtree(shop.place("1"))
    before = history.before(str(shop.root / "current"), str(shop.place("4")))
    assert before is not None
    assert before.place == str(shop.place("2"))


def test_a_release_that_failed_or_was_not_finished_was_never_live(tmp_path: Path) -> None:
    """Deployer marks both by a file in the release."""
    shop = Linked(tmp_path)
    for name in ("2", "3", "4"):
        shop.release(name)
    (shop.place("2") / "BAD_RELEASE").write_text("")
    (shop.place("3") / "DIRTY_RELEASE").write_text("")
    shop.lead("4")
    (shop.root / ".dep").mkdir()
    lines = [json.dumps({"release_name": name}) for name in ("1", "2", "3", "4")]
    (shop.root / ".dep/releases_log").write_text("\n".join(lines))

    assert shop.look().place == str(shop.place("1"))


def test_a_release_that_was_deployed_without_a_record_is_told(shop: Linked) -> None:
    """What is recorded is the release before the last one: not the one to go back to."""
    lines = [json.dumps({"release_name": name}) for name in ("1", "2", "3")]
    (shop.root / ".dep").mkdir()
    (shop.root / ".dep/releases_log").write_text("\n".join(lines))
    assert shop.look().unexpected == ""

    shop.release("3")
    shop.lead("3")
    assert f"{shop.place('2')} was live before it" in shop.look().unexpected
