"""The snapshot of a system in trouble: what cannot be read is listed, and its end is told once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_rollback.agent import main
from pytest_rollback.agent.errors import HostError
from pytest_rollback.agent.messages.rollback.snapshot import (
    TAKE_SNAPSHOT,
    SnapshotRequest,
    SnapshotTaken,
)
from pytest_rollback.agent.state import journal
from pytest_rollback.transport.call import Call
from tests.faults.scene import Scene, asked, lease
from tests.unit.support.apart import ROOT_ONLY, injected

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """A deployed system on which a run has begun."""
    scene = Scene(tmp_path / "home").deploy()
    asked(lease(scene, "r1", 2**22 + 7))
    return scene


def taking(
    scene: Scene, root: str = "", configuration: tuple[str, ...] = ("conf/app.env",)
) -> Call[SnapshotRequest, SnapshotTaken]:
    """Return the call that takes the snapshot."""
    where = scene.location("elsewhere" if root else "r1")._replace(root=root or str(scene.root))
    request = SnapshotRequest(where, "systemd", None, configuration, None, (), (), None)
    return Call(TAKE_SNAPSHOT, request)


def told(scene: Scene) -> list[str]:
    """Return what the run's journal says of the snapshot."""
    kept = journal.entries(str(scene.state / "runs/r1/changes"))
    return [each["event"] for each in kept if "snapshot" in each["event"]]


def test_a_file_that_the_disk_does_not_give_is_missing(scene: Scene) -> None:
    """EIO on one file ends nothing: the rest is kept."""
    found = asked(taking(scene, "/proc/self", ("mem", "status")))

    assert found.files >= 3
    kept = scene.state / "runs/elsewhere/snapshot/configuration"
    assert [path.name for path in kept.iterdir()] == ["status"]


def test_an_end_that_was_cut_off_is_told_by_the_next_call(scene: Scene) -> None:
    """It has its name, and nobody could write that it is done; asked again, it is written, once."""
    first = injected(
        lambda: "value" in main.answer(taking(scene).asked()), "fdatasync:error=EIO:when=2"
    )
    assert (first, told(scene)) == (False, ["snapshot"])
    assert (scene.state / "runs/r1/snapshot").is_dir()
    for _ in range(2):
        asked(taking(scene))

    assert told(scene) == ["snapshot", "snapshot done"]


@pytest.mark.parametrize("line", [b"[]", b"1", b"null", b'"x"', b"{}"])
def test_a_line_that_is_no_entry_is_damage(tmp_path: Path, line: bytes) -> None:
    """Whatever JSON it is, it is told by its line."""
    with pytest.raises(HostError, match="damaged at line 1"):
        journal.parsed(line + b"\n", str(tmp_path / "journal"))


@ROOT_ONLY
def test_names_behind_a_link_of_the_service_are_not_told(scene: Scene, tmp_path: Path) -> None:
    """What could not be read is listed: that must not list what only root may."""
    (tmp_path / "closed/deeper").mkdir(parents=True)
    (tmp_path / "closed/deeper/name-of-a-secret").write_text("x")
    (scene.root / "up").symlink_to(tmp_path / "closed")

    asked(taking(scene, configuration=("up/deeper",)))

    done = journal.entries(str(scene.state / "runs/r1/changes"))[-1]
    assert [each.rpartition("/")[2] for each in done["missing"]] == ["deeper: 'up' is a symlink"]
