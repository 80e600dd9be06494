"""A failed version that is gone, or was altered, is named before undo moves anything."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_rollback.agent.errors import HostError
from pytest_rollback.agent.rollback import archive, undo
from tests.unit.agent.restore.test_apply import WAYS, Tree
from tests.unit.agent.restore.test_older_journal import everything
from tests.unit.support import requests

SPOILERS: dict[str, Callable[[Path], object]] = {
    "gone": Path.unlink,
    "altered": lambda path: path.write_text("altered"),
    "another mode": lambda path: path.chmod(0o777),
}


@pytest.fixture(params=WAYS)
def tree(request: pytest.FixtureRequest, tmp_path: Path) -> Tree:
    """A deployed tree, for each way."""
    return Tree(tmp_path, way=request.param)


@pytest.mark.parametrize("closed", [False, True])
@pytest.mark.parametrize("how", SPOILERS)
def test_undo_is_refused_before_it_begins_and_goes_on_without(
    tree: Tree,
    how: str,
    closed: bool,  # noqa: FBT001
) -> None:
    """Beside the live file, or in the evidence: all else comes back with one more word."""
    before = everything(tree)
    tree.apply()
    if closed:
        archive.close(requests.files(tree.location()))
    name, place = "sub/b.py", tree.state if closed else tree.root
    ours = [each for each in place.rglob("*") if is_failed(each, name)]
    SPOILERS[how](ours[0])
    now = everything(tree)
    assert undo.look(tree.back()).lost == (name,)
    with pytest.raises(HostError, match=r"nothing was undone.*sub/b\.py: its failed version"):
        undo.undo(tree.back())
    assert everything(tree) == now
    undo.undo(tree.back()._replace(without=(name,)))
    after = everything(tree)

    assert {path: after.get(path) for path in before if path != name} == {
        path: found for path, found in before.items() if path != name
    }
    assert after[name] == now[name]


def is_failed(path: Path, name: str) -> bool:
    """Return whether a file is the failed version of another."""
    return path.is_file() and path.read_bytes() == f"current {name!r}".encode()


@pytest.mark.parametrize("name", ["a.py.backup", "sub/b.py.backup"])
def test_what_was_taken_out_of_the_evidence_is_named(tree: Tree, name: str) -> None:
    """A backup that was moved there, and is not there any more."""
    tree.apply()
    archive.close(requests.files(tree.location()))
    (tree.state / "runs/r1/evidence/saved" / name).unlink()
    now = everything(tree)
    assert undo.look(tree.back()).lost == (name,)
    with pytest.raises(HostError, match=f"{name}: it is not in the evidence any more"):
        undo.undo(tree.back())
    assert everything(tree) == now
    undo.undo(tree.back()._replace(without=(name,)))

    assert tree.path("a.py").read_text() == "current 'a.py'"


def test_evidence_that_was_deleted_whole_is_named(tree: Tree) -> None:
    """Nothing can be brought back of it; what undo can do without is done."""
    tree.apply()
    archive.close(requests.files(tree.location()))
    shutil.rmtree(tree.state / "runs/r1/evidence")
    lost = undo.look(tree.back()).lost
    assert set(tree.names[:-1]) < set(lost)
    undo.undo(tree.back()._replace(without=lost))

    assert not tree.path(tree.names[-1]).exists()
    assert tree.path("a.py").read_text() == "previous 'a.py'"


@pytest.mark.parametrize("flag", ["a", "i"])
def test_a_protected_directory_is_refused_before_anything_moves(tree: Tree, flag: str) -> None:
    """No name changes in it: half of the files would be restored, and the rest never."""
    place = tree.root / "sub"
    if subprocess.run(["chattr", f"+{flag}", place], check=False, capture_output=True).returncode:
        pytest.skip("no chattr here")
    try:
        before = everything(tree)
        with pytest.raises(HostError, match=r"sub: the directory is .*: chattr -ia"):
            tree.apply()
        assert everything(tree) == before
    finally:
        subprocess.run(["chattr", f"-{flag}", place], check=True)
