"""Evidence that the journal does not name: it comes back as well, or what is missing is said."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pytest_rollback.agent.backup import save
from pytest_rollback.agent.errors import HostError
from pytest_rollback.agent.restore import apply as restore_apply
from pytest_rollback.agent.rollback import added_files, archive, undo
from pytest_rollback.agent.state.journal import Journal
from tests.unit.agent.restore.test_apply import WAYS, Tree
from tests.unit.agent.restore.test_older_journal import Everything, everything
from tests.unit.support import requests
from tests.unit.support.deployed import saving

ADDED = "new/deep/added.py"


class Added(Tree):
    """A deployed tree with a file that the deploy added."""

    def save(self) -> None:
        """Save what is live, and then add."""
        save.save(saving(self.root, self.state, self.names, added=[ADDED]))
        self.path(ADDED).parent.mkdir(parents=True)
        self.path(ADDED).write_text("added")

    def end(self) -> None:
        """Do the steps after the restore that move files."""
        added_files.remove(requests.files(self.location()))
        archive.close(requests.files(self.location()))


@pytest.fixture(params=WAYS)
def rolled(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Added, Everything]:
    """A tree that was rolled back to its end, for each way, and what it was before."""
    tree = Added(tmp_path, way=request.param)
    before = everything(tree)
    tree.apply()
    tree.end()
    return tree, before


def lines(tree: Tree) -> list[bytes]:
    """Return the lines of the journal of changes."""
    return (tree.state / "runs/r1/changes").read_bytes().splitlines(keepends=True)


def test_an_end_that_is_lost_is_told_by_the_evidence(rolled: tuple[Added, Everything]) -> None:
    """At every entry that may be the last one: all comes back that was moved."""
    tree, before = rolled
    whole = lines(tree)
    kept = tree.root.parent / "kept"
    shutil.copytree(tree.root.parent, kept, symlinks=True)
    for number in range(len(whole)):
        for place in ("root", "state"):
            shutil.rmtree(tree.root.parent / place)
            shutil.copytree(kept / place, tree.root.parent / place, symlinks=True)
        (tree.state / "runs/r1/changes").write_bytes(b"".join(whole[:number]))
        undo.undo(tree.back())

        assert everything(tree) == before, number


def test_what_went_with_the_evidence_is_named(rolled: tuple[Added, Everything]) -> None:
    """The state directory was set back to before the run: undo is no half success."""
    tree, _ = rolled
    shutil.rmtree(tree.state / "runs/r1/evidence")
    for name in ("changes", "journal"):
        (tree.state / "runs/r1" / name).write_bytes(b"")
    now = everything(tree)
    found = undo.look(tree.back())
    assert ADDED in found.lost
    assert set(found.paths) == {*tree.names, ADDED}
    with pytest.raises(HostError, match=r"added\.py: the journal is older than the tree"):
        undo.undo(tree.back())
    assert everything(tree) == now
    undo.undo(tree.back()._replace(without=found.paths))

    assert everything(tree) == now


def test_a_file_that_was_never_moved_is_not_looked_for(tmp_path: Path) -> None:
    """Somebody removed what the deploy added, and no run did: that is no conflict."""
    tree = Added(tmp_path)
    tree.path(ADDED).unlink()
    before = everything(tree)
    tree.apply()
    undo.undo(tree.back())

    assert everything(tree) == before


def test_a_path_that_is_misspelt_is_refused(rolled: tuple[Added, Everything]) -> None:
    """Nothing is taken back but for a file that nobody meant."""
    tree, _ = rolled
    now = everything(tree)
    for act in (undo.look, undo.undo):
        with pytest.raises(HostError, match=r"^sub/b\.pi: run r1 has nothing to do") as caught:
            act(tree.back()._replace(without=("sub/b.pi", "a.py")))
        assert caught.value.hint.endswith("rollback undo r1")

    assert everything(tree) == now


def noted(tree: Tree, event: str, **facts: object) -> None:
    """Write what a run did into its journal."""
    journal = Journal(str(tree.state / "runs/r1/changes"))
    journal.add(event, **facts)
    journal.close()


@pytest.mark.parametrize("what", ["unit file", "page", "default", "directory"])
def test_other_conflicts_are_left_out_as_well(tmp_path: Path, what: str) -> None:
    """Each names its path, and undo goes on without it."""
    tree = Tree(tmp_path)
    before = everything(tree)
    tree.apply()
    other = tmp_path / "etc" / "app.service"
    other.parent.mkdir()
    other.write_text("somebody else's")
    digests = {"before": "", "after": "0" * 64}
    entry = {
        "unit file": ("installing", {"directory": str(other.parent), "name": other.name}),
        "page": ("page on", {"page": str(other), "run": "r1"}),
        "default": ("defaulting", {"root": str(other.parent), "path": other.name}),
        "directory": ("emptying", {"base": str(other.parent)}),
    }[what]
    more = (
        {"directories": [[other.name, 0o755, 0, 0, 0, 0, {}]]} if what == "directory" else digests
    )
    noted(tree, entry[0], **entry[1], **more)
    with pytest.raises(HostError, match="nothing was undone"):
        undo.undo(tree.back())
    paths = undo.look(tree.back()).paths
    assert paths == (str(other) if what in {"unit file", "page"} else other.name,)
    undo.undo(tree.back()._replace(without=paths))

    assert everything(tree) == before
    assert other.read_text() == "somebody else's"


def test_a_restored_file_that_was_changed_is_left_out(tmp_path: Path) -> None:
    """A fix of somebody's stays live, and all else comes back."""
    tree = Tree(tmp_path)
    before = everything(tree)
    restore_apply.apply(tree.planned())
    tree.path("a.py").unlink()
    tree.path("a.py").write_text("fix")
    paths = undo.look(tree.back()).paths
    undo.undo(tree.back()._replace(without=paths))
    after = everything(tree)

    assert paths == ("a.py",)
    assert after.pop("a.py")[0] == b"fix"
    assert {each: after[each] for each in before if each in after} == {
        each: found for each, found in before.items() if each != "a.py"
    }
