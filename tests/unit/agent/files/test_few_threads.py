"""A host on which no thread can be made, or lives: what threads would do is done without them."""

from __future__ import annotations

import _thread
from pathlib import Path

import pytest

from pytest_rollback.agent.files import fsync, parallel


def refused(*_: object) -> None:
    """Refuse to start a thread, as Python does where the kernel makes none."""
    raise RuntimeError("can't start new thread")


def stillborn(*_: object) -> int:
    """Start a thread that ends before its first step, as where memory is short."""
    return 0


@pytest.fixture(autouse=True, params=[refused, stillborn])
def none(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have no thread do anything."""
    monkeypatch.setattr(_thread, "start_new_thread", request.param)


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
