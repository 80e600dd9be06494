"""Units of systemd that run containers: ready, rolled back, undone, and rolled back again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.containers import machine
from tests.containers.engine import Podman
from tests.containers.machine import UnitHost

ARM = "--arm=here"


@pytest.fixture
def host(podman: Podman, tmp_path: Path) -> Iterator[UnitHost]:
    """A host on which nothing was deployed yet."""
    machine.image(podman)
    host = UnitHost(podman, tmp_path)
    yield host
    host.end()


def test_units_are_ready_rolled_back_undone_and_rolled_back_again(host: UnitHost) -> None:
    """What runs is the image of each release, by its digest; one unit is that of a quadlet."""
    host.release()
    seen = []
    for command in (("ready",), ("drill", ARM), ("undo", ARM), ("drill", ARM)):
        run = (host.record()["run"],) if command[0] == "undo" else ()
        code, text = host.rollback(*command, *run)
        assert code == 0, text
        if command[0] == "undo":
            host.wait("2")
        seen.append(host.running())

    first, second = ({host.digests[each]} for each in "12")
    assert seen == [second, first, second, first]
