"""The line drops while a host restores: what it did meanwhile counts, the rest is gone on with."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_rollback.errors import RollbackError, Unreachable
from pytest_rollback.transport.connection import Connection
from tests.contract.conftest import system
from tests.contract.daemon import Sshd, hang_up
from tests.contract.machine import Bare
from tests.contract.test_restore import CONTENT, CURRENT, Release

MANY = 3000
"""Files, so that a restore takes long enough to be cut off in the middle."""

PATIENCE = 30.0


@pytest.fixture
def release(daemon: Sshd | Bare, here: Path) -> Iterator[Release]:
    """A release of many files on a host that is reached over the network."""
    connection = Connection(system(daemon.url, str(here)))
    yield Release(connection, here, tuple(f"part{number}.txt" for number in range(MANY)))
    connection.close()


def contents(release: Release) -> list[str]:
    """Return what each file holds."""
    return [path.read_text() for path in release.files]


def drop(release: Release, seen: list[int]) -> None:
    """Cut the line as soon as a file is staged; note how many were restored by then."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        with os.scandir(release.files[0].parent) as names:
            staged = any(each.name.startswith(".rollback-") for each in names)
        if staged:
            hang_up(release.connection)
            seen.append(contents(release).count(CONTENT))
            return


def gone_on_with(release: Release) -> None:
    """Ask until the plan is empty, as the same command does; the host may still be at it."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            found = release.plan()
            if not found.paths:
                return
            release.apply(found.digest)
        except RollbackError:
            assert time.monotonic() < until
            time.sleep(0.2)


def test_a_line_that_drops_in_the_middle_is_gone_on_from(release: Release) -> None:
    """Cut off at the first files: the restore ends whole, and undo brings all of it back."""
    release.begin()
    digest, seen = release.plan().digest, list[int]()
    cutting = threading.Thread(target=drop, args=(release, seen))
    cutting.start()
    with pytest.raises(Unreachable) as caught:
        release.apply(digest)
    cutting.join()

    assert caught.value.hint
    assert seen[0] < MANY
    gone_on_with(release)
    assert set(contents(release)) == {CONTENT}
    release.end()
    release.undo()
    assert set(contents(release)) == {CURRENT}
