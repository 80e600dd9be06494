"""Tests on a whole host; they are told to be not run where there is no container engine."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from rollback.sandbox.podman import ENABLE

if TYPE_CHECKING:
    from tests.machine.host import Host


@pytest.fixture(scope="session")
def shared() -> Iterator[Host]:
    """The one machine of the session."""
    if not shutil.which("podman"):
        pytest.skip(f"not run: there is no container engine here; this brings one: {ENABLE}")
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
    """The machine, put back after the test."""
    yield shared
    shared.reset()
