"""A journal that is older than the tree: its end was lost, or the state directory was set back."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pytest_rollback.agent.backup import save, verify
from pytest_rollback.agent.errors import HostError
from pytest_rollback.agent.messages.backup.verify import BackupsRequest
from pytest_rollback.agent.messages.state.runs import EndRequest
from pytest_rollback.agent.restore import apply as restore_apply
from pytest_rollback.agent.rollback import undo
from pytest_rollback.agent.state import own_names, runs
from tests.unit.agent.restore.test_apply import WAYS, Tree
from tests.unit.support import requests
from tests.unit.support.deployed import saving

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
    with pytest.raises(HostError, match="does not know whether the failed release had it"):
        undo.undo(tree.back())
    assert everything(tree) == now
    tree.path(gone).unlink()
    undo.undo(tree.back())

    assert everything(tree) == before


def test_a_run_that_the_state_directory_lost(tmp_path: Path) -> None:
    """It was set back to before the run: the run is found by what it left, and gone on with."""
    tree = Tree(tmp_path)
    before = everything(tree)
    kept = tmp_path / "snapshot"
    shutil.copytree(tree.state, kept)
    lost = "20261129-031500-12ab"
    restore_apply.apply(tree.planned(lost))
    shutil.rmtree(tree.state)
    kept.rename(tree.state)
    tree.path("a.py").unlink()
    tree.path("a.py").write_text(before["a.py"][0].decode())  # a mix: not all was restored
    tree.path("a.py").chmod(before["a.py"][1])
    begun = runs.begin(requests.begin(tree.state, "r2")._replace(root=str(tree.root)))
    assert (begun.run, begun.adopted, begun.changed) == (lost, True, True)
    restore_apply.apply(tree.planned(lost))
    assert all(tree.path(name).read_text() == f"previous {name!r}" for name in tree.names)
    tree.path(tree.names[-1]).unlink()
    undo.undo(tree.back(lost))

    assert everything(tree) == before


def test_what_a_run_left_is_named_and_not_saved(restored: tuple[Tree, Everything]) -> None:
    """Readiness has the run of each name; a set of a mix is not saved over a good one."""
    tree, _ = restored
    saved = verify.look(BackupsRequest(tree.location(""), requests.EVERYTHING))
    assert len(saved.left_over) == len(tree.names) - 1
    assert "left by run r1, which the state directory does not know" in saved.left_over[0]
    runs.begin(requests.begin(tree.state))
    runs.end(EndRequest(str(tree.state), "r1", "failed"))
    saved = verify.look(BackupsRequest(tree.location(""), requests.EVERYTHING))
    assert "left by run r1, which is failed" in saved.left_over[0]
    (tree.state / "backups.json").unlink()
    with pytest.raises(HostError, match="may belong to two releases"):
        save.save(saving(tree.root, tree.state, tree.names, replace=True))

    assert not (tree.state / "backups.json").exists()


@pytest.mark.parametrize(
    ("mark", "run"),
    [
        ("r1", "r1"),
        ("r1-c", "r1"),
        ("r1-c-2", "r1"),
        ("20261129-031500-1234", "20261129-031500-1234"),
        ("20261129-031500-1234-3", "20261129-031500-1234"),
        ("default", ""),
    ],
)
def test_the_run_of_a_name(mark: str, run: str) -> None:
    """A part and a number tell batches of a run apart; an id may end in digits itself."""
    assert own_names.run_of(f".rollback-{mark}-{'0' * 24}.old") == run


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
