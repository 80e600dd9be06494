"""What the deploy added: under a mount, on a full disk, and in directories that were there."""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from pytest_rollback.agent import main
from pytest_rollback.agent.backup import save
from pytest_rollback.agent.errors import HostError
from pytest_rollback.agent.messages.rollback.files import REMOVE_ADDED
from pytest_rollback.agent.messages.rollback.undo import UNDO
from pytest_rollback.agent.rollback import added_files
from pytest_rollback.transport.call import Call
from tests.unit.support import requests
from tests.unit.support.deployed import saving
from tests.unit.support.volumes import mounted

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="not run: nobody but root mounts")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A release with one file saved; the deploy adds one in a directory of its own."""
    root = tmp_path / "root"
    root.mkdir()
    (root / "a.py").write_text("previous")
    save.save(saving(root, tmp_path / "state", ["a.py"], added=["new/extra.py"]))
    return root


def test_a_mount_point_stays(root: Path) -> None:
    """The file in it moves into the evidence; the step is done once, for ever."""
    request = requests.files(requests.located(root, root.parent / "state"))
    with mounted(root / "new", "size=1m") as place:
        (place / "extra.py").write_text("added")
        assert added_files.remove(request).files == 1
        left = added_files.look(request)
        assert (left.paths, left.directories) == ((), ())
        assert place.is_dir()


def test_a_file_under_a_mount_is_named(root: Path) -> None:
    """It cannot be moved: nothing is, and the hint shows what is mounted."""
    request = requests.files(requests.located(root, root.parent / "state"))
    (root / "new").mkdir()
    file = root / "new/extra.py"
    file.write_text("added")
    subprocess.run(["mount", "--bind", file, file], check=True)
    try:
        with pytest.raises(HostError, match=r"new/extra\.py: something is mounted") as caught:
            added_files.look(request)
    finally:
        subprocess.run(["umount", "-l", file], check=True)

    assert caught.value.hint == f"findmnt -R {root}"


def test_a_directory_that_was_there_stays_whatever_the_clock_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The record was made a day behind: what is older than that is not the deploy's for it."""
    root, state = tmp_path / "root", tmp_path / "state"
    (root / "spool").mkdir(parents=True)
    (root / "a.py").write_text("previous")
    yesterday = time.gmtime(time.time() - 86_400)
    monkeypatch.setattr(time, "gmtime", lambda *_: yesterday)
    save.save(saving(root, state, ["a.py"], added=["spool/extra.py", "new/extra.py"]))
    monkeypatch.undo()
    for path in ("spool/extra.py", "new/extra.py"):
        (root / path).parent.mkdir(exist_ok=True)
        (root / path).write_text("added")
    added_files.remove(requests.files(requests.located(root, state)))

    assert sorted(each.name for each in root.iterdir()) == ["a.py", "a.py.backup", "spool"]


@pytest.mark.parametrize("full", ["state", "root"])
def test_the_file_system_that_is_full_is_named(tmp_path: Path, full: str) -> None:
    """What moves there or back is in the evidence or below the root; the other one has room."""
    root, state = tmp_path / "disks/root", tmp_path / "disks/state"
    root.parent.mkdir()
    with mounted(root, "size=2m"), mounted(state, "size=2m,mode=0700"):
        (root / "a.py").write_text("previous")
        save.save(saving(root, state, ["a.py"], added=["extra.bin"]))
        (root / "extra.bin").write_bytes(b"x" * 900_000)
        request = requests.files(requests.located(root, state))
        if full == "root":
            added_files.remove(request)
        (tmp_path / "disks" / full / "filler").write_bytes(b"x" * 1_600_000)
        answer = main.answer(asked(REMOVE_ADDED, request))
        if full == "root":
            answer = main.answer(asked(UNDO, requests.undo(request.location)))

    problem = answer["problem"]
    assert f"{tmp_path}/disks/{full}/" in problem["message"]
    assert f"df -h {tmp_path}/disks/{full}" in problem["hint"]


def asked(route: Any, request: Any) -> dict[str, Any]:  # noqa: ANN401 - any route
    """Return a question as it reaches the agent."""
    question: dict[str, Any] = json.loads(json.dumps(Call(route, request).asked()))
    return question
