"""What every way to commit a pair of files has to keep, whichever it is: one suite over all."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from pytest_rollback.agent.errors import HostError
from pytest_rollback.agent.files.tree import Tree as OpenTree
from pytest_rollback.agent.restore import apply, commit, revert
from pytest_rollback.agent.restore.commit import CommitWay, StagedCopies
from pytest_rollback.agent.restore.context import BatchContext, context
from pytest_rollback.agent.restore.name_exchange import ExchangedNames
from tests.unit.agent.restore.test_apply import Tree
from tests.unit.support.apart import apart, before

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_rollback.agent.restore.plan import PlanItem, PlanItems

NAMES = ["a.py", "sub/b.py", "sub/\udcff", "sub/gone.py"]
GONE = NAMES[-1]
"""The file that the deploy deleted: it has no live side."""

WAYS: dict[str, CommitWay] = {
    "staged copies": StagedCopies(),
    "exchanged names": ExchangedNames(),
    "exchanged names, one directory cannot": ExchangedNames(frozenset({"sub"})),
}


class Batch:
    """A deployed tree, a plan of all its files, and one way to commit them."""

    def __init__(self, home: Path, way: CommitWay) -> None:
        self.tree, self.way = Tree(home, NAMES), way
        self.items: PlanItems = apply.wanted(self.tree.request())
        self.place: BatchContext = context(self.tree.location(), "files", 0)
        self.deployed = self.tree.live()

    def again(self) -> None:
        """Begin another call: nothing of what was read before is known."""
        self.place = context(self.tree.location(), "files", 0)

    def stage(self) -> None:
        """Stage all of it."""
        self.way.stage(self.place, self.items)

    def preserve(self) -> list[str]:
        """Preserve all failed versions; return which are not what was planned for."""
        return self.place.each(self.way.preserve, self.items)

    def commit(self) -> None:
        """Commit all of it."""
        self.place.each(self.way.commit, self.items)

    def whole(self) -> None:
        """Take every step, as a batch does."""
        self.stage()
        assert self.preserve() == []
        self.commit()

    def back(self) -> None:
        """Take it back, as undo does."""
        self.place.each(revert.take_file_back, self.items)

    def failed(self, name: str) -> Path:
        """Return where the failed version of a file lies once it is committed."""
        return self.tree.path(name).with_name(self.place.names(name)[1])

    def own(self) -> list[Path]:
        """Return what lies below the root under names of the batch."""
        return list(self.tree.root.rglob(".rollback-*"))

    def restored(self) -> bool:
        """Tell whether every live file is the previous release's, with its mode."""
        paths = {name: self.tree.path(name) for name in NAMES}
        return all(
            path.read_text() == f"previous {name!r}" and path.stat().st_mode & 0o777 == 0o640
            for name, path in paths.items()
        )


def staged_name(batch: Batch, item: PlanItem) -> str:
    """Return the name that a file is staged under."""
    with OpenTree(str(batch.tree.root)) as tree:
        return batch.way.staged(batch.place, tree.parent(item.saved.path)[0], item)


@pytest.fixture(params=WAYS)
def batch(request: pytest.FixtureRequest, tmp_path: Path) -> Batch:
    """A batch, for each of the ways."""
    return Batch(tmp_path, WAYS[request.param])


def test_its_name_is_what_a_journal_says(batch: Batch) -> None:
    """A run that is gone on with finds its way by that name."""
    assert batch.way.name in {"rename", "exchange"}


def test_staging_touches_no_live_file_and_holds_what_was_recorded(batch: Batch) -> None:
    """Each new file lies beside the live one under the staged name, whole, with its mode."""
    batch.stage()

    assert batch.tree.live() == batch.deployed
    for item in batch.items:
        live = batch.tree.path(item.saved.path)
        staged = live.with_name(staged_name(batch, item))
        assert staged.read_text() == f"previous {item.saved.path!r}"
        assert staged.stat().st_mode & 0o777 == 0o640


def test_what_was_staged_is_discarded_without_a_trace(batch: Batch) -> None:
    """Discarding twice is as good as once; the tree is the deployed one."""
    batch.stage()
    for _ in range(2):
        batch.place.each(batch.way.discard, batch.items)

        assert batch.own() == []
    assert batch.tree.live() == batch.deployed


def test_it_ends_with_the_recorded_files_live_and_the_failed_ones_beside(batch: Batch) -> None:
    """The failed version has the batch's old name, with its bytes and mode; backups stay."""
    batch.whole()

    assert batch.restored()
    for name in NAMES[:-1]:
        assert batch.failed(name).read_text() == f"current {name!r}"
        assert batch.failed(name).stat().st_mode & 0o777 == 0o600
    assert not batch.failed(GONE).exists()
    backups = [batch.tree.root / f"{name}.backup" for name in NAMES]
    assert all(path.read_text().startswith("previous") for path in backups)


def test_every_step_can_be_taken_again(batch: Batch) -> None:
    """As the next call does that knows nothing of what was read by the one before it."""
    batch.stage()
    batch.again()
    batch.stage()
    assert batch.preserve() == []
    batch.again()
    assert batch.preserve() == []
    for _ in range(2):
        batch.commit()
        batch.again()

        assert batch.restored()


def test_taking_it_back_is_exact(batch: Batch) -> None:
    """Bytes, mode and times of the failed release; a deleted file is gone; nothing else is left."""
    batch.whole()
    batch.again()
    for _ in range(2):
        batch.back()

        assert batch.tree.live() == batch.deployed
    assert batch.own() == []


@pytest.mark.parametrize("number", range(1, 5))
def test_between_two_commits_each_file_is_whole(tmp_path: Path, number: int) -> None:
    """Killed after any of the commits: each path is old or new, and both ways out are open."""
    for place, way in enumerate(WAYS.values()):
        batch = Batch(tmp_path / str(place), way)
        assert apart(lambda: dies(batch, number)).code == 9  # noqa: B023 - called at once
        texts = {name: batch.tree.path(name) for name in NAMES}
        for name, path in texts.items():
            new = path.exists() and path.read_text() == f"previous {name!r}"
            old = not path.exists() if name == GONE else path.read_text() == f"current {name!r}"
            assert new or old, (way.name, name)
        batch.commit()
        assert batch.restored()
        batch.again()
        batch.back()

        assert (batch.tree.live(), batch.own()) == (batch.deployed, [])


def dies(batch: Batch, number: int) -> None:
    """Commit so many files, and die."""
    batch.stage()
    batch.preserve()
    batch.place.each(batch.way.commit, batch.items[:number])
    os._exit(9)


def test_a_staged_file_that_lost_its_bytes_is_written_again(batch: Batch) -> None:
    """A power cut may keep the name and lose the content: it is read before it gets its name."""
    batch.stage()
    assert batch.preserve() == []
    for item in batch.items:
        live = batch.tree.path(item.saved.path)
        staged = live.with_name(staged_name(batch, item))
        staged.unlink()
        staged.write_bytes(b"")
    batch.again()
    batch.commit()

    assert batch.restored()


def test_a_hotfix_is_not_committed_over(batch: Batch) -> None:
    """What is live is neither of the two that the plan knows: it stays, and is told."""
    batch.stage()
    assert batch.preserve() == []
    batch.tree.path("a.py").write_text("hotfix")
    batch.again()
    assert batch.place.each(commit.conflict, batch.items) == ["a.py"]
    with pytest.raises(HostError, match=r"changed since the plan, and not restored: a\.py"):
        batch.commit()

    assert batch.tree.path("a.py").read_text() == "hotfix"


def test_what_appears_where_nothing_was_is_not_replaced(batch: Batch) -> None:
    """A file of the deploy's deletion that somebody else makes at the last instant is his."""
    batch.stage()
    assert batch.preserve() == []
    new = batch.tree.path(GONE)
    (item,) = (each for each in batch.items if each.saved.path == GONE)

    def task() -> None:
        before("os.link", lambda: new.write_text("somebody's"))
        with OpenTree(str(batch.tree.root)) as tree:
            try:
                batch.way.commit(batch.place, tree, item)
            except FileExistsError:
                os._exit(7)

    assert apart(task).code == 7
    assert new.read_text() == "somebody's"


def test_a_backup_that_is_not_as_recorded_is_not_staged(batch: Batch) -> None:
    """Whatever its size: the content that was recorded is staged, or nothing."""
    backup = batch.tree.root / "a.py.backup"
    backup.write_text("x" * len(backup.read_text()))
    with pytest.raises(HostError, match=r"the backup of a\.py changed while it was read"):
        batch.stage()
    batch.place.each(batch.way.discard, batch.items)

    assert (batch.tree.live(), batch.own()) == (batch.deployed, [])


def test_staging_makes_everything_durable(batch: Batch, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each file is flushed, or its backup is, before any live name changes."""
    flushed: set[int] = set()
    fsync = os.fsync

    def noted(opened: int) -> None:
        flushed.add(os.fstat(opened).st_ino)
        fsync(opened)

    monkeypatch.setattr(os, "fsync", noted)
    batch.stage()
    for item in batch.items:
        live = batch.tree.path(item.saved.path)
        staged = live.with_name(staged_name(batch, item))

        assert staged.stat().st_ino in flushed


def test_every_way_is_in_this_suite() -> None:
    """A third one has to be added here."""
    assert {type(way) for way in WAYS.values()} == set(CommitWay.__subclasses__())


def test_a_file_that_is_gone_since_it_was_read_is_not_trusted(tmp_path: Path) -> None:
    """What was read before counts only for the very same file."""
    batch = Batch(tmp_path, StagedCopies())
    item = batch.items[0]
    batch.place.seen.note("live", item.number, 7)
    here = os.open(tmp_path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        assert commit.trusted(batch.place, "live", item, here, "gone.py") is None
    finally:
        os.close(here)


def test_a_backup_that_is_gone_since_the_plan_is_told(tmp_path: Path) -> None:
    """Nothing is exchanged, and no live file was touched."""
    batch = Batch(tmp_path, ExchangedNames())
    first = batch.items[0].saved.path
    (batch.tree.root / f"{first}{batch.place.suffix}").unlink()
    with pytest.raises(HostError):
        batch.stage()

    assert batch.tree.live() == batch.deployed
