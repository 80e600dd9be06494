"""Fixtures of the tests with containers: one engine for all, one project for each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_rollback.errors import Unreachable
from pytest_rollback.extras.sandbox.machine.podman import usable
from tests.containers.engine import Podman
from tests.containers.project import Shop


@pytest.fixture(scope="session")
def podman(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Podman]:
    """An engine with two releases: `localhost/shop:1` and `localhost/shop:2`."""
    try:
        usable()
    except Unreachable as lacking:
        pytest.skip(f"not run: {lacking.message}; {lacking.hint}")
    podman = Podman(tmp_path_factory.mktemp("podman"))
    podman.base()
    for release in ("1", "2"):
        podman.build(f"localhost/shop:{release}", release)
    yield podman
    podman.end()


@pytest.fixture
def shop(podman: Podman, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    """A project that nobody has deployed yet."""
    monkeypatch.setenv("PATH", podman.path)
    shop = Shop(podman, tmp_path)
    yield shop
    shop.end()
