"""What is at a path that somebody wrote down."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pytest_rollback.agent.messages.system import PathsRequest
from pytest_rollback.agent.system import tools

if TYPE_CHECKING:
    from pathlib import Path


def test_each_path_is_told_by_its_kind(tmp_path: Path) -> None:
    """Below the root or absolute; links are followed, and what leads nowhere is nothing."""
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("file")
    (tmp_path / "lost").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe")
    asked = ("file", "folder", "link", "lost", "pipe", "no", "nul\0", str(tmp_path))

    assert tools.paths(PathsRequest(str(tmp_path), asked)).kinds == {
        "file": "file",
        "folder": "directory",
        "link": "file",
        "lost": None,
        "pipe": "other",
        "no": None,
        "nul\0": None,
        str(tmp_path): "directory",
    }
