"""A file with holes: saved, restored, moved across file systems and taken back without filling."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pytest_rollback.agent.files import read
from pytest_rollback.agent.restore import apply as restore_apply
from pytest_rollback.agent.rollback import archive, undo
from tests.unit.agent.restore.test_apply import WAYS, Tree
from tests.unit.support import requests
from tests.unit.support.apart import ROOT_ONLY
from tests.unit.support.volumes import mounted

LARGE = 256 << 20
"""Bytes of a file that would not fit on the file system which it is restored on."""

MOST = 1 << 20
"""Bytes of the disk that it may take."""


def sparse(path: Path, mark: bytes) -> Path:
    """Write a large file with a few bytes in the middle of a hole, and at its end."""
    with path.open("wb") as file:
        for place in (LARGE // 2, LARGE - len(mark)):
            file.seek(place)
            file.write(mark)
    return path


def taken(path: Path) -> int:
    """Return how many bytes of the disk a file takes."""
    return path.stat().st_blocks * 512


@ROOT_ONLY
@pytest.mark.parametrize("way", WAYS)
def test_holes_stay_holes(tmp_path: Path, way: str) -> None:
    """On a small file system, with the state directory on another one."""
    with mounted(tmp_path / "disk", "size=16m") as disk:
        tree = Tree.__new__(Tree)
        tree.root, tree.state, tree.names, tree.way = disk, tmp_path / "state", ["data"], way
        live = sparse(disk / "data", b"previous")
        tree.save()
        live.unlink()
        sparse(live, b"failed!!")
        failed = tree.live()
        restore_apply.apply(tree.planned())
        assert taken(live) < MOST
        assert live.read_bytes().endswith(b"previous")
        archive.close(requests.files(tree.location()))
        kept = [each for each in tree.state.rglob("*data*") if each.is_file()]
        assert len(kept) == 2
        assert all(taken(each) < MOST and each.stat().st_size == LARGE for each in kept)
        undo.undo(tree.back())

        assert tree.live() == failed
        assert taken(live) < MOST


def test_zeros_that_were_written_stay_written(tmp_path: Path) -> None:
    """Whoever has taken the room keeps it: only a file with holes gets some."""
    source = tmp_path / "source"
    source.write_bytes(bytes(MOST))
    opened = os.open(source, os.O_RDONLY)
    with (tmp_path / "copy").open("wb") as copy:
        whole = read.blocks(opened, MOST)
        digest, size = read.poured(whole, copy.fileno(), holes=read.has_holes(os.fstat(opened)))
    os.lseek(opened, 0, os.SEEK_SET)

    assert (digest, size) == (read.sha256(opened, MOST), MOST)
    assert taken(tmp_path / "copy") >= MOST
    os.close(opened)
