"""A disk that fills up during a run: the journal goes on, nothing half staged stays."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_rollback.agent.errors import HostError
from pytest_rollback.agent.messages.state.runs import RunsRequest
from pytest_rollback.agent.restore import apply
from pytest_rollback.agent.rollback import undo
from pytest_rollback.agent.state import reserved_space, runs
from tests.unit.agent.restore.test_apply import NAMES, Tree
from tests.unit.support import requests
from tests.unit.support.volumes import mounted


def fill(place: Path) -> None:
    """Leave no byte free."""
    with contextlib.suppress(OSError), (place / "filler").open("wb", buffering=0) as file:
        while file.write(b"\0" * 4096):
            pass


@pytest.fixture
def volume(tmp_path: Path) -> Iterator[Path]:
    """A small file system."""
    with mounted(tmp_path / "volume", "size=4m") as place:
        yield place


@pytest.fixture
def full(tmp_path: Path, volume: Path) -> Tree:
    """A tree whose state is on a disk that filled up once the run had begun."""
    tree = Tree(tmp_path / "home")
    shutil.copytree(tree.state, volume / "state")
    (volume / "state").chmod(0o700)
    tree.state = volume / "state"
    runs.begin(requests.begin(tree.state))
    fill(volume)
    return tree


def test_a_full_disk_does_not_stop_the_journal(full: Tree) -> None:
    """The kept room is enough for the restore and its undo; the run ends in its lease."""
    before = full.live()
    full.apply()
    assert apply.look(full.request()).paths == ()
    undo.undo(full.back())
    assert full.live() == before

    assert runs.look(RunsRequest(str(full.state))).runs[0].outcome == "undone"


def test_without_the_kept_room_nothing_is_touched(full: Tree) -> None:
    """The control: the same disk without it refuses, with the journal's path."""
    reserved_space.give_up(str(full.state))
    fill(full.state.parent)
    before = full.live()
    with pytest.raises((HostError, OSError), match="No space left on device"):
        full.apply()

    assert full.live() == before


def test_the_room_is_kept_again_once_there_is_some(full: Tree) -> None:
    """It is private and of the stated size; a run on a full disk spends it, the next keeps it."""
    path = full.state / reserved_space.NAME
    for number, target in enumerate(("there", "elsewhere")):
        request = requests.begin(full.state, f"r{number + 2}")
        runs.begin(request._replace(target=target))
        (full.state.parent / "filler").unlink(missing_ok=True)

    assert (path.stat().st_size, path.stat().st_mode & 0o777) == (reserved_space.SIZE, 0o600)


@pytest.mark.parametrize("way", ["exchange", "rename"])
def test_a_disk_that_is_full_before_all_is_staged_leaves_the_tree_as_it_was(
    tmp_path: Path, volume: Path, way: str
) -> None:
    """Nothing that was staged is left; with room again the same command ends it."""
    tree = Tree(volume / "home", way=way)
    kept = tmp_path / "state"
    shutil.move(tree.state, kept)
    tree.state = kept
    for number, name in enumerate(NAMES[:-1]):
        tree.path(name).write_text(f"current {number}" * 900)
    request = tree.planned()
    before, names = tree.live(), sorted(map(os.fsencode, tree.root.rglob("*")))
    fill(volume)
    if way == "exchange":
        assert apply.apply(request).number == len(NAMES)  # it needs no room
        return
    with pytest.raises(HostError, match="No space left on device"):
        apply.apply(request)
    assert tree.live() == before
    assert sorted(map(os.fsencode, tree.root.rglob("*"))) == names
    (volume / "filler").unlink()

    assert apply.apply(request).number == len(NAMES)
