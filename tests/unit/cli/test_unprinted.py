"""Standard output that takes nothing: said in one line, no traceback, and no good exit code."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

FULL = "standard output: No space left on device\nHINT: see 'df -h', "
COMMANDS = (["--help"], ["ready", "--help"], ["schema"], ["completion", "bash"], ["report", "list"])


@pytest.fixture
def full() -> Iterator[int]:
    """A file on a disk that is full."""
    handle = os.open("/dev/full", os.O_WRONLY)
    yield handle
    os.close(handle)


@pytest.fixture
def closed() -> Iterator[int]:
    """A pipe that nobody reads any more."""
    reading, writing = os.pipe()
    os.close(reading)
    yield writing
    os.close(writing)


def called(words: list[str], out: int, folder: Path, unbuffered: str = "") -> tuple[int, str]:
    """Call a command whose standard output goes there; return its exit code and its errors."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest_rollback.cli.main", *words],
        stdout=out,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        env={**os.environ, "ROLLBACK_REPORTS": str(folder), "PYTHONUNBUFFERED": unbuffered},
    )
    return done.returncode, done.stderr


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_full_disk_is_named(words: list[str], unbuffered: str, full: int, tmp_path: Path) -> None:
    """Once, with what to do; also by a help, and whether Python keeps what it prints or not."""
    code, said = called(words, full, tmp_path, unbuffered)

    assert (code, said.count(FULL), "Traceback" in said) == (1, 1, False), said


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_reader_who_has_gone_is_told_nothing(
    words: list[str], closed: int, tmp_path: Path
) -> None:
    """`| head -1` is no error; what was not read is no success either."""
    code, said = called(words, closed, tmp_path)

    assert (code, "Traceback" in said, "standard output" in said) == (1, False, False), said


def test_a_worse_exit_code_stays(full: int, tmp_path: Path) -> None:
    """A wrong option is one wherever output goes."""
    code, said = called(["explain", "--no-such"], full, tmp_path)

    assert (code, "UsageError: " in said) == (4, True), said


def test_a_file_that_takes_no_more_is_on_a_disk_with_a_name(tmp_path: Path) -> None:
    """The hint looks at the file system of that file, and at no other."""
    said = "import sys; from pytest_rollback.progress.unprinted import complaint\n"
    said += "sys.stderr.write(complaint(OSError(28, 'No space left on device')))"
    (tmp_path / "a b").mkdir()
    with (tmp_path / "a b/out").open("w") as out:
        done = subprocess.run(
            [sys.executable, "-c", said], stdout=out, stderr=subprocess.PIPE, text=True, check=True
        )

    assert done.stderr.startswith(FULL.replace("'df -h'", f"\"df -h '{tmp_path}/a b'\"")), done
