"""Names that were exchanged: the saved copy is the live file until it gets bytes of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_rollback.agent.errors import HostError
from pytest_rollback.agent.files import exchange
from pytest_rollback.agent.restore import apply
from pytest_rollback.agent.rollback import undo, unshare
from tests.unit.agent.restore.test_apply import NAMES, Tree


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
    assert unshare.look(tree.question())["shared"] == sorted(NAMES, key=lambda n: ("/" in n, n))


def test_separated_copies_survive_whoever_writes_in_place(tree: Tree) -> None:
    """Each copy is its own file, as recorded; what is written to the live one stays there."""
    assert unshare.part(tree.question()) == {"separated": len(NAMES), "room": True}
    tree.path("a.py").write_text("written in place")
    assert copy(tree, "a.py").read_text() == "previous 'a.py'"
    assert copy(tree, "a.py").stat().st_mode & 0o777 == 0o640
    assert unshare.look(tree.question())["shared"] == []

    assert unshare.part(tree.question())["separated"] == 0


def test_undo_after_the_separation_is_exact(tmp_path: Path) -> None:
    """Live files are the failed ones again, saved copies as they were saved."""
    tree = Tree(tmp_path, way="exchange")
    before = tree.live()
    saved = {name: copy(tree, name).stat().st_mtime_ns for name in NAMES}
    tree.apply()
    unshare.part(tree.question())
    undo.undo(tree.question())

    assert tree.live() == before
    assert {name: copy(tree, name).stat().st_mtime_ns for name in NAMES} == saved
    assert list(tree.root.rglob(".rollback-*")) == []


def test_without_room_the_copies_stay_shared_and_that_is_said(
    tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk does not keep the services down."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(unshare.stage, "copy", full)
    assert unshare.part(tree.question()) == {"separated": 0, "room": False}

    found = unshare.look(tree.question())
    assert (found["shared"], found["room"], len(found["left"])) == ([], False, len(NAMES))
    assert list(tree.root.rglob(".rollback-*.new")) == []


@pytest.mark.parametrize("code", sorted(exchange.UNABLE))
def test_where_names_cannot_be_exchanged_they_are_renamed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """Each file system is tried; one that cannot is no problem, unless the way was asked for."""

    def unable(*_: object) -> None:
        raise OSError(code, "cannot")

    monkeypatch.setattr(exchange, "exchange", unable)
    monkeypatch.setattr("pytest_rollback.agent.restore.batch.MANY", 1)
    tree = Tree(tmp_path, way="exchange")
    with pytest.raises(HostError, match="names cannot be exchanged in"):
        tree.apply()
    question = {**tree.question("r2"), "way": None}
    apply.apply({**question, "digest": apply.look(question)["digest"]})

    assert not tree.path("a.py").samefile(copy(tree, "a.py"))
    assert list(tree.root.rglob(".rollback-*try*")) == []
