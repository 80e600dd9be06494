"""What a process that is alone sees of the host."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from pytest_rollback.agent.system.namespaces import view


def test_sockets_are_found_among_all_else(tmp_path: Path) -> None:
    """Also below directories, and none through a link; a place that is not there has none."""
    below, other = tmp_path / "a/b", tmp_path / "other"
    below.mkdir(parents=True)
    other.mkdir()
    for place in (tmp_path, below, other):
        (place / "file").touch()
        os.mkfifo(place / "fifo")
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(str(place / "socket"))
    (below / "link").symlink_to(other / "socket")
    (tmp_path / "a/other").symlink_to(other)

    found = {str(tmp_path / "socket"), str(below / "socket")}
    assert set(view.sockets(str(tmp_path))) == {*found, str(other / "socket")}
    assert set(view.sockets(str(tmp_path / "a"))) == {str(below / "socket")}
    assert list(view.sockets(str(tmp_path / "none"))) == []
