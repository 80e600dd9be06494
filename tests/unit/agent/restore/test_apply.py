"""The restore: whole files only, both versions kept, resumed by the same call, undone exactly."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_rollback.agent.backup import save
from pytest_rollback.agent.errors import HostError
from pytest_rollback.agent.messages.location import Location
from pytest_rollback.agent.messages.restore import Restored, RestoreRequest
from pytest_rollback.agent.messages.rollback.undo import UndoRequest
from pytest_rollback.agent.restore import apply as restore_apply
from pytest_rollback.agent.rollback import undo
from pytest_rollback.agent.state import lock
from tests.unit.support import requests
from tests.unit.support.deployed import saving
from tests.unit.support.volumes import mounted

NAMES = ["a.py", "sub/b.py", "sub/$(touch x)", "-rf", "sub/new\nline", "sub/\udcff"]


WAYS = ["exchange", "rename"]


class Tree:
    """A root with a previous release saved and a current one deployed."""

    def __init__(self, home: Path, names: list[str] = NAMES, way: str = "exchange") -> None:
        self.root, self.state, self.names, self.way = home / "root", home / "state", names, way
        for name in names:
            self.path(name).parent.mkdir(parents=True, exist_ok=True)
            self.path(name).write_text(f"previous {name!r}")
            self.path(name).chmod(0o640)
        self.save()
        for name in names[:-1]:
            self.path(name).write_text(f"current {name!r}")
            self.path(name).chmod(0o600)
        self.path(names[-1]).unlink()

    def save(self) -> None:
        """Save what is live."""
        save.save(saving(self.root, self.state, self.names))

    def path(self, name: str) -> Path:
        """Return a file's path."""
        return self.root / name

    def location(self, run: str = "r1") -> Location:
        """Return where it is, for one run."""
        return requests.located(self.root, self.state, run)

    def request(self, run: str = "r1") -> RestoreRequest:
        """Return a request about the restore of one run."""
        return requests.restore(self.location(run))._replace(way=self.way)

    def planned(self, run: str = "r1") -> RestoreRequest:
        """Return the request that restores what is planned now."""
        request = self.request(run)
        return request._replace(digest=restore_apply.look(request).digest)

    def back(self, run: str = "r1") -> UndoRequest:
        """Return the request that undoes one run."""
        return requests.undo(self.location(run))

    def apply(self) -> Restored:
        """Plan and restore."""
        return restore_apply.apply(self.planned())

    def live(self) -> dict[str, tuple[str, int, int]]:
        """Return the live files: digest, mode and modification time of each."""
        return {
            name: (
                hashlib.sha256(self.path(name).read_bytes()).hexdigest(),
                self.path(name).stat().st_mode,
                self.path(name).stat().st_mtime_ns,
            )
            for name in self.names
            if self.path(name).exists()
        }


@pytest.fixture(params=WAYS)
def tree(request: pytest.FixtureRequest, tmp_path: Path) -> Tree:
    """A tree to restore, in each of the ways."""
    return Tree(tmp_path, way=request.param)


def test_every_file_comes_back_whatever_its_name(tree: Tree) -> None:
    """Bytes and mode are the previous release's, also of a file that the deploy removed."""
    assert tree.apply() == Restored(len(NAMES))
    assert all(tree.path(name).read_text() == f"previous {name!r}" for name in NAMES)
    assert all(tree.path(name).stat().st_mode & 0o777 == 0o640 for name in NAMES)
    assert restore_apply.look(tree.request()).paths == ()


def test_the_backups_stay(tree: Tree) -> None:
    """A restore consumes no backup."""
    tree.apply()

    assert all(Path(f"{tree.path(name)}.backup").exists() for name in NAMES)


def test_undo_brings_the_failed_release_back_exactly(tree: Tree) -> None:
    """Bytes, mode and times are those from before, and a second undo changes nothing."""
    before = tree.live()
    tree.apply()
    for _ in range(2):
        undo.undo(tree.back())

        assert tree.live() == before


@pytest.mark.parametrize("finished", [True, False])
def test_an_undone_run_restores_nothing_more(tree: Tree, *, finished: bool) -> None:
    """Not even when its undo has only begun: what it took back stays taken back."""
    tree.apply()
    undo.undo(tree.back())
    if not finished:
        changes = tree.state / "runs" / "r1" / "changes"
        lines = changes.read_text().splitlines(keepends=True)
        changes.write_text("".join(lines[:-1]))
    before = tree.live()
    with pytest.raises(HostError, match="this run was undone"):
        tree.apply()

    assert tree.live() == before


def test_a_plan_made_from_another_world_is_refused(tree: Tree) -> None:
    """A hotfix after the plan stops the restore before anything is changed."""
    request = tree.planned()
    tree.path("a.py").write_text("hotfix")
    before = tree.live()
    with pytest.raises(HostError, match="changed since the plan"):
        restore_apply.apply(request)

    assert tree.live() == before


def test_an_altered_copy_is_never_restored(tree: Tree) -> None:
    """One altered copy refuses the whole plan."""
    Path(f"{tree.path('a.py')}.backup").write_text("evil")
    with pytest.raises(HostError, match=r"a\.py: its backup has other content than recorded"):
        restore_apply.look(tree.request())


def test_undo_refuses_to_lose_a_hotfix(tree: Tree) -> None:
    """What was changed after the restore is not overwritten by undo."""
    tree.apply()
    tree.path("a.py").write_text("hotfix")
    with pytest.raises(HostError, match="changed after the restore"):
        undo.undo(tree.back())

    assert tree.path("a.py").read_text() == "hotfix"


def test_a_second_run_at_the_same_time_is_told_who_is_there(
    tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lock refuses with its own kind, once it was waited for."""
    monkeypatch.setattr(lock, "PATIENCE", 0.2)
    with lock.working(tree.location()), pytest.raises(HostError) as caught:
        undo.undo(tree.back("r2"))

    assert caught.value.kind == "held"


KILLER = """
import os, sys
sys.path.insert(0, sys.argv[1])
from pytest_rollback.agent.files import exchange as exchanging
from pytest_rollback.agent.messages.restore import RestoreRequest
from pytest_rollback.agent.messages.rollback.undo import UndoRequest
from pytest_rollback.agent.protocol import decode
from pytest_rollback.agent.restore import apply as restoring
from pytest_rollback.agent.rollback import undo as undoing
import json
import os
request = decode(RestoreRequest, json.loads(sys.argv[2]))
wanted = int(sys.argv[3])
import itertools
count = itertools.count(1)
def counted(call):
    def before(*args, **more):
        if next(count) == wanted:
            os.kill(os.getpid(), 9)
        return call(*args, **more)
    return before
for name in ("open", "rename", "link", "unlink", "fsync", "fdatasync", "write", "fchmod", "utime"):
    setattr(os, name, counted(getattr(os, name)))
exchanging.exchange = counted(exchanging.exchange)
if sys.argv[4] == "undo":
    undoing.undo(UndoRequest(request.location))
else:
    restoring.apply(request)
"""


@pytest.mark.parametrize("names", WAYS)
@pytest.mark.parametrize("way", ["apply", "undo"])
def test_a_kill_before_any_call_loses_nothing(tmp_path: Path, way: str, names: str) -> None:
    """Killed anywhere: every path is old or new, the same call ends, and undo brings all back."""
    point = 0
    while True:
        point += 7  # a sample: the sweep over every system call is a proof of its own
        tree = Tree(tmp_path / str(point), way=names)
        before = tree.live()
        request = tree.planned()
        if way == "undo":
            restore_apply.apply(request)
        plugins = str(Path(restore_apply.__file__).parents[3])
        done = subprocess.run(
            [sys.executable, "-c", KILLER, plugins, json.dumps(request), str(point), way],
            check=False,
        )
        texts = {name: tree.path(name).read_text() for name in NAMES if tree.path(name).exists()}
        assert all(text in {f"previous {n!r}", f"current {n!r}"} for n, text in texts.items())
        if way == "apply":
            restore_apply.apply(request)
            assert all(tree.path(name).read_text() == f"previous {name!r}" for name in NAMES)
        undo.undo(tree.back())
        assert tree.live() == before
        left = [path for path in tree.root.rglob(".rollback-*") if path.is_file()]
        assert left == []
        if done.returncode == 0:
            assert point > 21, "no kill happened: this test would prove nothing"
            return


POINTS = [("exchange", point) for point in (40, 150, 333, 430, 500)]
POINTS += [("rename", point) for point in (40, 333, 600, 700, 777)]


@pytest.mark.parametrize(("way", "point"), POINTS)
def test_a_kill_among_many_files_loses_nothing(tmp_path: Path, way: str, point: int) -> None:
    """With threads at work, too: each path is old or new, the same call ends it, undo undoes."""
    tree = Tree(tmp_path, [f"d{number % 3}/f{number}" for number in range(60)], way)
    before = tree.live()
    request = tree.planned()
    plugins = str(Path(restore_apply.__file__).parents[3])
    done = subprocess.run(
        [sys.executable, "-c", KILLER, plugins, json.dumps(request), str(point), "apply"],
        check=False,
    )
    texts = {name: tree.path(name).read_text() for name in tree.names if tree.path(name).exists()}

    assert done.returncode == -9
    assert all(text in {f"previous {n!r}", f"current {n!r}"} for n, text in texts.items())
    assert restore_apply.apply(request) == Restored(60)
    assert restore_apply.look(request).paths == ()
    undo.undo(tree.back())
    assert tree.live() == before


def test_a_secret_is_for_owner_and_group_whatever_was_recorded(tree: Tree) -> None:
    """A copy that anybody could read does not make the live file so; the plan is empty then."""
    selection = requests.selected(secrets=("a.py",))
    request = tree.request()._replace(selection=selection)
    restore_apply.apply(request._replace(digest=restore_apply.look(request).digest))

    assert tree.path("a.py").stat().st_mode & 0o777 == 0o640
    assert tree.path("sub/b.py").stat().st_mode & 0o777 == 0o640
    assert restore_apply.look(request).paths == ()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a file system")
def test_a_read_only_file_system_is_refused_by_the_plan(tmp_path: Path) -> None:
    """Before anything is stopped for it; files that need no change may lie on one."""
    with mounted(tmp_path / "disk", "size=1m") as disk:
        tree = Tree(disk)
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        with pytest.raises(HostError) as caught:
            restore_apply.look(tree.request())
        subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
        tree.apply()
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)

        assert str(caught.value).count("is mounted read-only: findmnt -T") == 2
        assert restore_apply.look(tree.request()).paths == ()
