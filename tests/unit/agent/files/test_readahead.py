"""Files are asked for before they are read, when the disk would have to be waited for."""

from __future__ import annotations

import ctypes
import mmap
import os
import subprocess
import threading
import time
from typing import TYPE_CHECKING

import pytest

from pytest_rollback.agent.files import parallel

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NAMES = [f"{number:03}" for number in range(parallel.FEW)]
TURNS = 6


def resident(path: Path) -> bool:
    """Return whether the first page of a file is in memory; nothing is read for it."""
    libc, found = ctypes.CDLL(None, use_errno=True), ctypes.c_ubyte()
    with path.open("r+b") as file, mmap.mmap(file.fileno(), mmap.PAGESIZE) as content:
        first = ctypes.addressof(ctypes.c_char.from_buffer(content))
        pages = libc.mincore(ctypes.c_void_p(first), mmap.PAGESIZE, ctypes.byref(found))
    assert pages == 0, os.strerror(ctypes.get_errno())
    return bool(found.value & 1)


def forgotten(path: Path) -> None:
    """Have the kernel forget a file's content, once it is on the disk and in nobody's hands."""

    def evicted() -> bool:
        with path.open("rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        return not resident(path)

    assert waited(evicted)


def waited(met: Callable[[], bool], seconds: float = 60.0) -> bool:
    """Return whether something becomes true within so many seconds."""
    until = time.monotonic() + seconds
    while not met() and time.monotonic() < until:
        time.sleep(0.01)
    return met()


def brought(root: Path, name: str) -> bool:
    """Tell whether the file comes into memory; a kernel short of memory ignores some wishes."""
    for _ in range(TURNS):
        with parallel.read_ahead(str(root), NAMES):
            if waited(lambda: resident(root / name), 10):
                return True
        for each in NAMES[4:]:
            forgotten(root / each)
    return False


@pytest.fixture
def cold(tmp_path: Path) -> Path:
    """A directory of files on a disk, none of them in memory; two that cannot be read."""
    kind = subprocess.run(
        ["stat", "-f", "-c", "%T", tmp_path], check=True, capture_output=True, text=True
    ).stdout.strip()
    if kind in {"tmpfs", "overlayfs"}:
        pytest.skip(f"not run: {tmp_path} is on {kind}, which has no disk to wait for")
    for name in NAMES:
        (tmp_path / name).write_bytes(b"x" * mmap.PAGESIZE)
    (tmp_path / NAMES[0]).unlink()
    (tmp_path / NAMES[1]).unlink()
    (tmp_path / NAMES[1]).symlink_to(NAMES[2])
    for name in NAMES[2:]:
        forgotten(tmp_path / name)
    return tmp_path


def test_cold_files_are_read_while_the_body_works(cold: Path) -> None:
    """The body reads nothing, and all the same the last file comes into memory."""
    assert not resident(cold / NAMES[-1])
    before = threading.active_count()
    assert brought(cold, NAMES[-1])

    assert threading.active_count() == before


def test_few_files_and_warm_ones_are_left_alone(cold: Path) -> None:
    """A second thread would cost more than it spares; one cold file among many is found."""
    before = threading.active_count()
    with parallel.read_ahead(str(cold), NAMES[:-1]):
        assert threading.active_count() == before
    assert not resident(cold / NAMES[-2])
    for name in NAMES[2:]:
        (cold / name).read_bytes()
    with parallel.read_ahead(str(cold), NAMES):
        assert threading.active_count() == before
    for name in NAMES[4:6]:
        forgotten(cold / name)

    assert brought(cold, NAMES[5])


def test_it_ends_with_the_body(cold: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once the body is done no file is asked for any more; to come to the last takes minutes."""
    opened, main = parallel.open_regular, threading.current_thread()

    def slowly(directory: int, name: str) -> int:
        time.sleep(0.0 if threading.current_thread() is main else 0.01)
        return opened(directory, name)

    monkeypatch.setattr(parallel, "open_regular", slowly)
    with parallel.read_ahead(str(cold), [*NAMES[:-1] * 300, NAMES[-1]]):
        pass

    assert not resident(cold / NAMES[-1])
