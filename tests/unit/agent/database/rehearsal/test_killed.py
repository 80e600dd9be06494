"""A rehearsal that is killed leaves no process and no directory, and the database as it was."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_rollback.agent.database.rehearsal import guard
from tests.unit.agent.database.rehearsal.dumps import rehearsed

if TYPE_CHECKING:
    from tests.unit.support.databases import Base


def servers(scratch: Path) -> list[int]:
    """Return the processes that are at work in a directory."""
    found = []
    for each in Path("/proc").glob("[0-9]*"):
        try:
            if str(scratch) in (each / "cmdline").read_text():
                found.append(int(each.name))
        except OSError:
            continue
    return found


@pytest.mark.parametrize("point", range(12))
def test_nothing_is_left_of_one_that_was_killed(shop: Base, scratch: Path, point: int) -> None:
    """At any moment: no process, no directory, no connection; the live database is as it was."""
    child = os.fork()
    if not child:
        try:
            rehearsed(shop, scratch)
        finally:
            os._exit(0)
    time.sleep(point * 0.12)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    until = time.monotonic() + 30
    while (servers(scratch) or any(scratch.iterdir())) and time.monotonic() < until:
        time.sleep(0.05)

    assert servers(scratch) == []
    assert not any(scratch.iterdir())
    assert "200" in shop.sql("SELECT count(*) FROM orders")


def test_a_guard_that_was_killed_takes_its_server_along(
    shop: Base, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel ends the server; the next rehearsal removes the directory."""
    child = os.fork()
    if not child:
        try:
            rehearsed(shop, scratch)
        finally:
            os._exit(0)
    until = time.monotonic() + 30
    while not servers(scratch) and time.monotonic() < until:
        time.sleep(0.01)
    (first,) = scratch.iterdir()
    for process in Path("/proc").glob("[0-9]*"):
        told = (process / "status").read_text() if (process / "status").exists() else ""
        if f"PPid:\t{child}\n" in told:
            os.kill(int(process.name), signal.SIGKILL)
    os.waitpid(child, 0)
    while servers(scratch) and time.monotonic() < until:
        time.sleep(0.05)
    assert servers(scratch) == []
    assert first.exists()

    monkeypatch.setattr(guard, "YOUNG", -1.0)
    assert rehearsed(shop, scratch).problems == ()
    assert list(scratch.iterdir()) == []
