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
def open_tree() -> Iterator[Tree]:
    """A live root that the service user can reach."""
    place = Path(tempfile.mkdtemp())
    place.chmod(0o755)
    yield Tree(place)
    shutil.rmtree(place)
