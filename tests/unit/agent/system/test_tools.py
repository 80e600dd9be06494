"""Commands that are there or not, and places that can be written or not; tried for real."""

from __future__ import annotations

import contextlib
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_rollback.agent.messages.system import Tools, ToolsRequest
from pytest_rollback.agent.system import tools
from tests.unit.support.volumes import mounted

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount and set attributes")


def test_a_command_is_found_where_the_agent_would_run_it(tmp_path: Path) -> None:
    """By name on the agent's own PATH, by its whole path, and below the root by a relative one."""
    script = tmp_path / "bin" / "tool with blanks"
    script.parent.mkdir()
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    (tmp_path / "bin/run").symlink_to(script)
    asked = ["sh", str(script), "bin/run -X dev", "no-such-tool", "/no/such/tool", "bin/other"]
    found = tools.look(ToolsRequest(str(tmp_path), tuple(asked))).places

    assert str(found["sh"]).endswith("/sh")
    assert found[str(script)] == str(script)
    assert found["bin/run -X dev"] == f"{tmp_path}/bin/run"
    assert [found[name] for name in asked[3:]] == [None, None, None]


def test_a_file_that_cannot_be_run_is_no_command(tmp_path: Path) -> None:
    """Being there is not enough."""
    (tmp_path / "tool").write_text("#!/bin/sh\n")

    assert tools.look(ToolsRequest("/", (f"{tmp_path}/tool",))) == Tools({f"{tmp_path}/tool": None})


def denied(root: Path, *paths: str) -> dict[str, str]:
    """Ask which paths below a root cannot be replaced."""
    found = tools.denials(str(root / path) for path in paths)
    return {str(Path(path).relative_to(root)): why for path, why in found.items()}


def test_an_ordinary_file_can_be_replaced(tmp_path: Path) -> None:
    """Also one that is not there yet, in a directory that is not there yet."""
    (tmp_path / "file").write_text("x")

    assert denied(tmp_path, "file", "new", "far/away/new") == {}


@ROOT_ONLY
@pytest.mark.parametrize(("flag", "words"), [("i", "immutable"), ("a", "append-only")])
def test_attributes_that_stop_even_root_are_told(tmp_path: Path, flag: str, words: str) -> None:
    """A file or its directory that is immutable or append-only cannot be replaced."""
    if not _takes_attributes(tmp_path):
        pytest.skip("this file system has no such attributes")
    (tmp_path / "d").mkdir()
    (tmp_path / "d/file").write_text("x")
    with _attribute(tmp_path / "d/file", flag):
        with pytest.raises(PermissionError):
            (tmp_path / "d/file").unlink()
        assert words in denied(tmp_path, "d/file")["d/file"]
    with _attribute(tmp_path / "d", flag):
        assert words in denied(tmp_path, "d/other")["d/other"]


@contextlib.contextmanager
def _attribute(path: Path, flag: str) -> Iterator[None]:
    subprocess.run(["chattr", f"+{flag}", path], check=True)
    try:
        yield
    finally:
        subprocess.run(["chattr", f"-{flag}", path], check=True)


def _takes_attributes(place: Path) -> bool:
    probe = place / "probe"
    probe.write_text("")
    done = subprocess.run(["chattr", "+i", probe], check=False, capture_output=True)
    subprocess.run(["chattr", "-i", probe], check=False, capture_output=True)
    return done.returncode == 0


@ROOT_ONLY
def test_a_read_only_file_system_is_told(tmp_path: Path) -> None:
    """Nothing below it can be replaced, and the mount point is named."""
    with mounted(tmp_path / "disk", "size=64k") as disk:
        (disk / "file").write_text("x")
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)

        assert denied(disk, "file") == {"file": f"{disk} is mounted read-only"}


@ROOT_ONLY
def test_a_mounted_file_is_told(tmp_path: Path) -> None:
    """A file that is bind-mounted cannot be renamed over: EBUSY."""
    for name in ("file", "source"):
        (tmp_path / name).write_text(name)
    subprocess.run(["mount", "--bind", tmp_path / "source", tmp_path / "file"], check=True)
    try:
        with pytest.raises(OSError, match="busy"):
            (tmp_path / "source").replace(tmp_path / "file")
        assert "is a mount point" in denied(tmp_path, "file")["file"]
    finally:
        subprocess.run(["umount", tmp_path / "file"], check=True)


def test_a_directory_that_we_may_not_write_is_told(open_place: Path) -> None:
    """Who is not root needs a directory of its own, whatever the file's mode."""
    (open_place / "d").mkdir(mode=0o555)
    (open_place / "d").chmod(0o555)
    pid = os.fork()
    if pid == 0:
        if os.geteuid() == 0:
            os.setuid(65534)
        os._exit("is not writable" not in denied(open_place, "d/file").get("d/file", ""))

    assert os.waitpid(pid, 0)[1] == 0
