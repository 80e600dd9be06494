"""A host on which no thread can be made: what threads would do is done without them."""

from __future__ import annotations

from pathlib import Path
from threading import Thread

import pytest

from pytest_rollback.agent.files import fsync, parallel


@pytest.fixture(autouse=True)
def none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse to start a thread, as Python does where the kernel makes none."""

    def refused(_thread: Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(Thread, "start", refused)


def test_all_is_done_in_order(tmp_path: Path) -> None:
    """Every task has its result."""
    things = list(range(fsync.FEW * 3))

    assert fsync.spread(lambda _tree, thing: thing + 1, str(tmp_path), things) == [
        thing + 1 for thing in things
    ]


def test_files_are_read_without_reading_ahead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The body works on them all the same."""
    monkeypatch.setattr(parallel, "_cold", lambda *_: True)
    with parallel.read_ahead(str(tmp_path), ["a"] * parallel.FEW):
        (tmp_path / "a").touch()

    assert (tmp_path / "a").exists()
