"""A journal that is older than the tree: its end was lost, or the state directory was set back."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_rollback.agent.errors import HostError
from pytest_rollback.agent.restore import apply as restore_apply
from pytest_rollback.agent.rollback import undo
from tests.unit.agent.restore.test_apply import WAYS, Tree

EVENTS = 5
"""Entries of the journal of one restore: plan, way, staged, preserved, verified."""

Everything = dict[str, tuple[bytes, int]]


def everything(tree: Tree) -> Everything:
    """Return all files below the root: content and mode of each."""
    return {
        str(path.relative_to(tree.root)): (path.read_bytes(), path.stat().st_mode)
        for path in tree.root.rglob("*")
        if path.is_file()
    }


@pytest.fixture(params=WAYS)
def restored(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Tree, Everything]:
    """A tree that was restored, for each way, and what it was before."""
    tree = Tree(tmp_path, way=request.param)
    before = everything(tree)
    tree.apply()
    return tree, before


def cut(tree: Tree, number: int) -> None:
    """Leave so many entries of the journal."""
    journal = tree.state / "runs/r1/journal"
    lines = journal.read_bytes().splitlines(keepends=True)
    assert len(lines) == EVENTS
    journal.write_bytes(b"".join(lines[:number]))


def contents(files: Everything) -> set[bytes]:
    """Return the content of every file."""
    return {content for content, _ in files.values()}


@pytest.mark.parametrize("number", range(EVENTS))
def test_no_version_is_lost(restored: tuple[Tree, Everything], number: int) -> None:
    """The same command ends well, and both versions of each file are there."""
    tree, before = restored
    cut(tree, number)
    tree.apply()

    assert contents(before) <= contents(everything(tree))
    assert all(tree.path(name).read_text() == f"previous {name!r}" for name in tree.names)


@pytest.mark.parametrize("number", range(1, EVENTS))
def test_undo_after_the_same_command(restored: tuple[Tree, Everything], number: int) -> None:
    """The failed release comes back exactly."""
    tree, before = restored
    cut(tree, number)
    tree.apply()
    undo.undo(tree.back())

    assert everything(tree) == before


@pytest.mark.parametrize("again", [False, True])
def test_undo_without_a_plan_is_sure(restored: tuple[Tree, Everything], again: bool) -> None:  # noqa: FBT001
    """What the failed release may not have had is named first; all else is told by the names."""
    tree, before = restored
    cut(tree, 0)
    if again:
        tree.apply()
    now, gone = everything(tree), tree.names[-1]
    with pytest.raises(HostError, match="does not know whether the failed release had this file"):
        undo.undo(tree.back())
    assert everything(tree) == now
    tree.path(gone).unlink()
    undo.undo(tree.back())

    assert everything(tree) == before


def test_a_name_that_nobody_knows_is_set_aside(restored: tuple[Tree, Everything]) -> None:
    """Neither of the two versions lies under the name of a failed one: it is kept."""
    tree, _ = restored
    undo.undo(tree.back())
    name = tree.names[0]
    planned = tree.planned("r2")
    place = restore_apply.context(tree.location("r2"), "files", 0)
    strange = tree.path(name).with_name(place.names(name)[1])
    strange.write_text("strange")
    restore_apply.apply(planned)

    assert strange.with_name(f"{strange.name}.1").read_text() == "strange"
    undo.undo(tree.back("r2"))
    assert strange.with_name(f"{strange.name}.1").read_text() == "strange"


def test_a_mode_that_was_changed_is_a_change(restored: tuple[Tree, Everything]) -> None:
    """Undo would lose it, as it would lose other bytes."""
    tree, _ = restored
    tree.path("a.py").chmod(0o751)
    now = everything(tree)
    with pytest.raises(HostError, match=r"a\.py changed after the restore"):
        undo.undo(tree.back())

    assert everything(tree) == now
