"""A release that was recorded in part is never chosen, nor one that its commands do not reach."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pytest_rollback.agent.backup.strategies import kept
from pytest_rollback.agent.errors import HostError
from pytest_rollback.agent.messages.backup.sets import ChoiceRequest
from pytest_rollback.agent.state import backup_set
from tests.unit.agent.backup.strategies.kept.shop import Shop

SHOWN = json.dumps([{"lines": ["1"], "digest": "a"}])


def choice(shop: Shop, release: str, *parts: str) -> ChoiceRequest:
    """Return the choice of a release that has these parts."""
    return ChoiceRequest(shop.location(), release, parts)


def test_a_release_without_one_of_its_parts_is_not_chosen(tmp_path: Path) -> None:
    """The set of the first one is from before the part was described; the recorded set stays."""
    shop = Shop(tmp_path)
    shop.deploy("2")
    shop.deploy("3", parts={"images": SHOWN})
    recorded = backup_set.read(str(shop.state))

    with pytest.raises(HostError, match=r"release 1 was recorded in part: .* nothing of images"):
        kept.choose(choice(shop, "1", "images"))
    assert backup_set.read(str(shop.state)) == recorded
    assert kept.choose(choice(shop, "2", "images")).recorded.previous == "2"
    assert kept.choose(choice(shop, "1")).recorded.previous == "1"


def test_commands_reach_the_release_before_the_live_one_alone(tmp_path: Path) -> None:
    """One that lies further back would be looked for with all units down."""
    shop = Shop(tmp_path)
    shop.deploy("2", parts={"commands": SHOWN})
    shop.deploy("3", parts={"commands": SHOWN})

    with pytest.raises(HostError, match="1 lies 2 deploys back") as told:
        kept.choose(choice(shop, "1", "commands"))
    assert told.value.hint == "choose 2: rollback sets --to 2"
    assert kept.choose(choice(shop, "2", "commands")).recorded.previous == "2"
