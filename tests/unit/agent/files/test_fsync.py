"""What waits for the disk is done side by side, in order, and a failure of one is raised."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_rollback.agent.files import copy, fsync
from tests.unit.support.apart import injected

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_rollback.agent.files.tree import Tree

MANY = list(range(fsync.FEW * 3 + 1))


@pytest.mark.parametrize("things", [[], [7], MANY], ids=len)
def test_results_come_in_order(tmp_path: Path, things: list[int]) -> None:
    """Whoever was ready first."""
    assert fsync.spread(lambda _, thing: thing * 2, str(tmp_path), things) == [
        thing * 2 for thing in things
    ]


@pytest.mark.parametrize("things", [[7], MANY], ids=len)
def test_a_failure_is_raised(tmp_path: Path, things: list[int]) -> None:
    """Also when it happened in a thread; nothing is at work any more by then."""
    done: list[int] = []

    def task(_: Tree, thing: int) -> None:
        if thing == things[-1]:
            raise OSError(5, "the disk failed")
        done.append(thing)

    with pytest.raises(OSError, match="the disk failed"):
        fsync.spread(task, str(tmp_path), things)
    assert sorted(done) == things[:-1]


def test_a_saved_copy_that_does_not_become_durable_is_none(tmp_path: Path) -> None:
    """It is named, and nothing of the set is left."""
    for name in ("a", "b"):
        (tmp_path / name).write_text(name)

    said = injected(
        lambda: copy.stage(str(tmp_path), ["a", "b"]).problems, "fsync:error=EIO:when=2"
    )

    assert said == ["b: cannot be saved: Input/output error"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]
