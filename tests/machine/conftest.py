"""Tests on a whole host; they are told to be not run where none can be started."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from pytest_rollback.errors import Unreachable
from pytest_rollback.extras.sandbox.machine.image import Image
from pytest_rollback.extras.sandbox.machine.podman import usable
from tests.plugin.operator import REPOSITORY

if TYPE_CHECKING:
    from tests.machine.host import Host


@pytest.fixture(scope="session")
def engine() -> None:
    """A host that starts machines, and has the image of one."""
    try:
        usable()
        Image(REPOSITORY / "fixtures/village").built(print)
    except Unreachable as lacking:
        pytest.skip(f"not run: {lacking.message}; {lacking.hint}")


@pytest.fixture(scope="session")
def shared(engine: None) -> Iterator[Host]:  # noqa: ARG001 - it comes first
    """The one machine of the session."""
    from tests.machine.host import Host  # noqa: PLC0415 - it needs the sandbox's packages

    host = Host()
    yield host
    host.machine.down()


@pytest.fixture
def host(shared: Host) -> Host:
    """The machine, for a test that changes nothing."""
    return shared


@pytest.fixture
def altered(shared: Host) -> Iterator[Host]:
    """The machine, put back after the test; a unit `saboteur` that one has begun is ended."""
    yield shared
    shared.run("sh", "-c", "systemctl kill --signal=KILL saboteur 2>/dev/null || true")
    shared.reset()
