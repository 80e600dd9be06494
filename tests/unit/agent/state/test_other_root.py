"""A run stays below the root where it was begun, and is changed by who holds it alone."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from pytest_rollback.agent.errors import HostError
from pytest_rollback.agent.messages.location import HolderProcess
from pytest_rollback.agent.restore import apply as restore_apply
from pytest_rollback.agent.rollback import undo
from pytest_rollback.agent.state import runs
from tests.unit.agent.restore.test_apply import Tree
from tests.unit.agent.restore.test_older_journal import everything
from tests.unit.support import requests


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """A tree that a run has begun to restore."""
    tree = Tree(tmp_path / "one")
    begun(tree)
    return tree


def begun(tree: Tree, root: Path | None = None, holder: HolderProcess | None = None) -> None:
    """Take the host for a run, or go on with one."""
    request = requests.begin(tree.state, holder=holder)
    runs.begin(request._replace(root=str(root or tree.root)))


def other(tree: Tree) -> Tree:
    """Return the same run below another root that looks like the first one."""
    shutil.copytree(tree.root, tree.root.parent / "other", symlinks=True)
    moved = Tree.__new__(Tree)
    moved.__dict__.update(tree.__dict__, root=tree.root.parent / "other")
    return moved


def test_nothing_goes_on_below_another_root(tree: Tree) -> None:
    """It is refused, forward and back, and goes on where it was begun."""
    elsewhere, before = other(tree), everything(tree)
    tree.apply()
    with pytest.raises(HostError, match=r"was begun below .*one/root, and .* leads to .*other now"):
        begun(tree, elsewhere.root)
    for act in (elsewhere.apply, lambda: undo.undo(elsewhere.back())):
        with pytest.raises(HostError) as caught:
            act()
        assert str(elsewhere.root) in caught.value.message
    assert everything(elsewhere) == before
    begun(tree)
    undo.undo(tree.back())

    assert everything(tree) == before


def test_a_link_that_leads_elsewhere_is_another_root(tree: Tree) -> None:
    """The path is the same one, and the tree is not."""
    elsewhere = other(tree)
    link = tree.root.parent / "current"
    link.symlink_to(tree.root)
    tree.root = link
    tree.apply()
    link.unlink()
    link.symlink_to(elsewhere.root)
    with pytest.raises(HostError, match=r"leads to .*other now") as caught:
        undo.look(tree.back())

    assert "rollback undo r1" in caught.value.hint


def test_a_set_of_another_root_is_not_restored(tree: Tree) -> None:
    """Its backups may lie there, and the files belong to another system."""
    elsewhere = other(tree)
    with pytest.raises(HostError, match=r"was saved below .*one/root, and .* root is .*other"):
        restore_apply.look(elsewhere.request("r2"))


def test_a_root_that_was_replaced_is_said_in_one_sentence(tree: Tree) -> None:
    """Nothing of the set is there: one message, and not one for each of its files."""
    tree.root.rename(tree.root.with_name("away"))
    tree.root.mkdir()
    with pytest.raises(HostError, match=r"^nothing of the backup set is below [^;]*$") as caught:
        restore_apply.look(tree.request())

    assert f"findmnt -T {tree.root}" in caught.value.hint


def test_who_was_followed_changes_nothing_more(tree: Tree) -> None:
    """He was taken for dead, another one goes on, and he wakes: his change is refused."""
    first, second = requests.process(os.getpid(), 1.0), requests.process(os.getpid(), 2.0)
    planned, before = tree.planned(), everything(tree)
    begun(tree, holder=second)
    late = planned._replace(location=planned.location._replace(holder=first))
    with pytest.raises(HostError, match="run r1 was taken over, and is not yours any more") as seen:
        restore_apply.apply(late)
    assert everything(tree) == before
    assert (seen.value.kind, seen.value.hint) == (
        "held",
        "see how it ends: rollback status r1",
    )
    mine = planned._replace(location=planned.location._replace(holder=second))

    assert restore_apply.apply(mine).number == len(tree.names)
