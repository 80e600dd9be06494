"""What several tests of the agent stand on."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.unit.support.trees import Tree

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """An empty live root."""
    root = tmp_path / "live"
    root.mkdir()
    return Tree(root)


@pytest.fixture
def open_place() -> Iterator[Path]:
    """A directory that every user can reach.

    Above `tmp_path` is a private one, which each pytest that starts makes private again.
    """
    place = Path(tempfile.mkdtemp())
    place.chmod(0o755)
    yield place
    shutil.rmtree(place)


@pytest.fixture
def open_tree(open_place: Path) -> Tree:
    """A live root that the service user can reach."""
    return Tree(open_place)
