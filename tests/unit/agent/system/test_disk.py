"""Mount points are told by their real names."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from pytest_rollback.agent.system import disk as system_disk
from tests.unit.support.volumes import mounted

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount")
@pytest.mark.parametrize("name", ["plain", "with blank", "back\\slash", "tab\tand\nline"])
def test_a_mount_point_has_its_own_name(tmp_path: Path, name: str) -> None:
    """The kernel escapes what would break its list; the names are as they are."""
    with mounted(tmp_path / name, "size=4k") as disk:
        (disk / "below").mkdir()

        assert str(disk) in system_disk.points()
        assert system_disk.above(str(disk / "below")) == str(disk)
    assert str(disk) not in system_disk.points()


def test_the_nearest_that_exists_is_found(tmp_path: Path) -> None:
    """A link that leads nowhere exists; what is below nothing does not."""
    (tmp_path / "link").symlink_to("nowhere")

    assert system_disk.existing(str(tmp_path / "a/b/c")) == str(tmp_path)
    assert system_disk.existing(str(tmp_path / "link")) == str(tmp_path / "link")
    assert system_disk.existing("/") == "/"
