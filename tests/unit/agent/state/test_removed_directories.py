"""Directories that undo makes again: one that cannot be looked at is none that is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_rollback.agent.errors import HostError
from pytest_rollback.agent.state import removed_directories

FACTS = [0o751, 0, 0, 10**18, 10**18, {}]
LONG = "x" * 300
"""A name that no file system takes: it is neither there nor absent."""


def entry(root: Path, *paths: str) -> dict[str, object]:
    """Return what the journal has of directories that went."""
    return {"base": str(root), "directories": [[path, *FACTS] for path in paths]}


def test_what_is_missing_is_made_as_it_was(tmp_path: Path) -> None:
    """The outermost first; what is there stays as it is."""
    (tmp_path / "there").mkdir(mode=0o700)
    removed_directories.make_again(entry(tmp_path, "lib/deep", "lib", "there"))
    assert (tmp_path / "lib/deep").stat().st_mode & 0o777 == 0o751
    assert (tmp_path / "there").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("path", [f"{LONG}/deep", LONG, f".rollback-r1-{LONG}.old"])
def test_what_cannot_be_looked_at_is_told(tmp_path: Path, path: str) -> None:
    """It was taken for a directory that is there: the next step made another one in its place."""
    with pytest.raises(HostError, match="too long"):
        removed_directories.make_again(entry(tmp_path, path))
    with pytest.raises(HostError, match="too long"):
        removed_directories.take_back([entry(tmp_path, path)])
    assert list(tmp_path.iterdir()) == []
