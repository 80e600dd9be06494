"""Names that were exchanged: the saved copy is the live file until it gets bytes of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from rollback.agent import exchanging, parting, restoring, undoing
from rollback.agent.problem import Problem
from tests.unit.agent.test_restoring import NAMES, Tree


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """A tree that was restored by exchanging names."""
    tree = Tree(tmp_path, way="exchange")
    tree.apply()
    return tree


def copy(tree: Tree, name: str) -> Path:
    """Return where the saved copy of a file is."""
    return Path(f"{tree.path(name)}.backup")


def test_an_exchange_writes_no_byte(tree: Tree) -> None:
    """The live file is the saved copy itself, and the failed version lies beside it."""
    assert all(tree.path(name).samefile(copy(tree, name)) for name in NAMES)
    assert parting.look(tree.question())["shared"] == sorted(NAMES, key=lambda n: ("/" in n, n))


def test_separated_copies_survive_whoever_writes_in_place(tree: Tree) -> None:
    """Each copy is its own file, as recorded; what is written to the live one stays there."""
    assert parting.part(tree.question()) == {"separated": len(NAMES), "room": True}
    tree.path("a.py").write_text("written in place")
    assert copy(tree, "a.py").read_text() == "previous 'a.py'"
    assert copy(tree, "a.py").stat().st_mode & 0o777 == 0o640
    assert parting.look(tree.question())["shared"] == []

    assert parting.part(tree.question())["separated"] == 0


def test_undo_after_the_separation_is_exact(tmp_path: Path) -> None:
    """Live files are the failed ones again, saved copies as they were saved."""
    tree = Tree(tmp_path, way="exchange")
    before = tree.live()
    saved = {name: copy(tree, name).stat().st_mtime_ns for name in NAMES}
    tree.apply()
    parting.part(tree.question())
    undoing.undo(tree.question())

    assert tree.live() == before
    assert {name: copy(tree, name).stat().st_mtime_ns for name in NAMES} == saved
    assert list(tree.root.rglob(".rollback-*")) == []


def test_without_room_the_copies_stay_shared_and_that_is_said(
    tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk does not keep the services down."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(parting.staging, "copy", full)
    assert parting.part(tree.question()) == {"separated": 0, "room": False}

    found = parting.look(tree.question())
    assert (found["shared"], found["room"], len(found["left"])) == ([], False, len(NAMES))
    assert list(tree.root.rglob(".rollback-*.new")) == []


@pytest.mark.parametrize("code", sorted(exchanging.UNABLE))
def test_where_names_cannot_be_exchanged_they_are_renamed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """Each file system is tried; one that cannot is no problem, unless the way was asked for."""

    def unable(*_: object) -> None:
        raise OSError(code, "cannot")

    monkeypatch.setattr(exchanging, "exchange", unable)
    monkeypatch.setattr("rollback.agent.carrying.MANY", 1)
    tree = Tree(tmp_path, way="exchange")
    with pytest.raises(Problem, match="names cannot be exchanged in"):
        tree.apply()
    question = {**tree.question("r2"), "way": None}
    restoring.apply({**question, "digest": restoring.look(question)["digest"]})

    assert not tree.path("a.py").samefile(copy(tree, "a.py"))
    assert list(tree.root.rglob(".rollback-*try*")) == []
