"""Files that somebody names have an end: silent pipes, devices, images, pipes of a shell."""

from __future__ import annotations

import errno
import os
import subprocess
import threading
from pathlib import Path

import pytest

from pytest_rollback.text import named_files
from tests.unit.support.run_folder import call


def test_a_file_is_read_whole(tmp_path: Path) -> None:
    """Whatever is in it, empty as well."""
    for content in (b"", b"a\0b\n", b"x" * (3 << 20)):
        path = tmp_path / "file"
        path.write_bytes(content)
        assert named_files.content(path) == content


def test_a_pipe_is_read_to_its_end(tmp_path: Path) -> None:
    """One that somebody opens later, and one of a shell that says nothing at all."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    threading.Timer(0.3, lambda: pipe.write_bytes(b"a.py\n" * 50_000)).start()
    assert named_files.content(pipe, pipe=True) == b"a.py\n" * 50_000

    reading, writing = os.pipe()
    os.close(writing)
    assert named_files.content(f"/dev/fd/{reading}", pipe=True) == b""
    os.close(reading)


@pytest.mark.parametrize(
    ("name", "pipe", "number"),
    [
        ("pipe", False, errno.EINVAL),
        ("pipe", True, errno.ETIMEDOUT),
        ("/dev/zero", True, errno.EINVAL),
        ("/dev/full", False, errno.EINVAL),
        (".", False, errno.EINVAL),
        ("large", True, errno.EFBIG),
        ("none", True, errno.ENOENT),
    ],
)
def test_what_has_no_end_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, *, pipe: bool, number: int
) -> None:
    """At once, or when nothing came; a file without bytes on the disk is as large as it says."""
    monkeypatch.setattr(named_files, "PATIENCE", 0.2)
    os.mkfifo(tmp_path / "pipe")
    with (tmp_path / "large").open("wb") as file:
        file.truncate(1 << 40)

    with pytest.raises(OSError, match=r"\[Errno") as caught:
        named_files.content(tmp_path / name, pipe=pipe)
    assert caught.value.errno == number


@pytest.mark.parametrize("name", ["/dev/zero", "large", "."])
def test_a_list_of_files_that_has_no_end_is_one_message(tmp_path: Path, name: str) -> None:
    """Exit code 4, before a host is asked."""
    with (tmp_path / "large").open("wb") as file:
        file.truncate(1 << 40)
    code, printed = call(
        "save",
        *("--rollback-target", "rollback.toml", "--previous", "1", "--current", "2"),
        *("--files-from", str(tmp_path / name)),
    )
    assert (code, "cannot be read: is " in printed, "HINT: " in printed) == (4, True, True), printed


READ = """
import sys
sys.path.insert(0, "plugins")
from pytest_rollback.text import named_files
print([named_files.content(each, pipe=True)[:9] for each in sys.argv[1:]])
"""


def test_names_come_from_a_pipe_of_the_shell() -> None:
    """An empty difference is no file, and not waited for."""
    line = 'python3 -c "$READ" <(true) <(echo a.py) /dev/fd/0 < README.md'
    done = subprocess.run(
        ["bash", "-c", line],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
        cwd=Path(__file__).parents[3],
        env={**os.environ, "READ": READ},
    )
    assert done.stdout == "[b'', b'a.py\\n', b'# pytest-']\n", done.stderr
