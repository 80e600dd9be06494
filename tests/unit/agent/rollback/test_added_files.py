"""What the deploy added lies in, or under, something that was mounted since."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from pytest_rollback.agent.backup import save
from pytest_rollback.agent.errors import HostError
from pytest_rollback.agent.rollback import added_files
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
