"""A link leads to another release than was recorded, or the failed one is gone since."""

from __future__ import annotations

import shutil

import pytest

from pytest_rollback.agent.errors import HostError
from pytest_rollback.agent.rollback import undo as rollback_undo
from tests.unit.agent.backup import test_links
from tests.unit.agent.backup.test_links import Linked
from tests.unit.support.requests import located, undo

shop = test_links.shop


def test_a_third_release_was_deployed_without_a_record(shop: Linked) -> None:
    """A rollback would go past the release before it: the record is of the deploy of 2."""
    shop.release("3")
    shop.lead("3")

    assert "3, and the record was made for the deploy of 2" in shop.look().unexpected
    shutil.rmtree(shop.place("2"))
    shop.lead("1")
    assert not shop.look().unexpected


def test_a_link_in_place_of_the_previous_release_is_told_as_one(shop: Linked) -> None:
    """`ls` shows something there, and a rollback does not follow it."""
    shop.place("1").rename(shop.root / "elsewhere")
    shop.place("1").symlink_to("../elsewhere")
    (fault,) = shop.look().faults

    assert (fault.fault, fault.detail) == ("missing", "is a symlink now, and no directory")


def test_a_failed_release_that_is_gone_is_told_before_an_undo(shop: Linked) -> None:
    """A clean-up took it: the link would lead to nothing, and the units could not start."""
    request = undo(located(shop.root, shop.state))
    shop.restore()
    shop.place("2").rename(shop.root / "gone")
    found = rollback_undo.look(request)

    said = f"current: {shop.place('2')}, the failed release, is no directory any more"
    assert (found.conflicts, found.lost) == ((said,), ("current",))
    with pytest.raises(HostError, match="nothing was undone"):
        rollback_undo.undo(request)
    assert shop.look().is_back
    shop.place("2").mkdir()
    assert "the failed release, is empty" in rollback_undo.look(request).conflicts[0]
    shop.place("2").rmdir()
    (shop.root / "gone").rename(shop.place("2"))
    rollback_undo.undo(request)
    assert (shop.root / "current").resolve() == shop.place("2")


def test_a_failed_release_that_is_gone_can_be_left(shop: Linked) -> None:
    """All else is undone, and the link stays with the previous release."""
    shop.restore()
    shutil.rmtree(shop.place("2"))
    rollback_undo.undo(undo(located(shop.root, shop.state))._replace(without=("current",)))

    assert shop.look().is_back
