"""Room is told for each file system: bytes and inodes, from what a rollback is to write."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from pytest_rollback.agent.backup import requirements
from pytest_rollback.agent.errors import HostError
from pytest_rollback.agent.messages.location import Release
from pytest_rollback.agent.messages.requirements import Rights, RightsRequest, SpaceRequest
from pytest_rollback.agent.messages.system import Room
from pytest_rollback.agent.system.disk import Need, above, rooms
from tests.unit.support.deployed import Deploy
from tests.unit.support.volumes import mounted

if TYPE_CHECKING:
    from pathlib import Path

ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount")


def test_needs_on_one_file_system_are_added_up(tmp_path: Path) -> None:
    """Where the directory is not there yet, the one above it counts."""
    found = rooms([Need(str(tmp_path), 1000, 1), Need(str(tmp_path / "not/yet"), 500, 2)])

    (one,) = found
    assert (one.need, one.need_inodes, one.enough) == (1500, 3, True)
    assert one.mount == above(str(tmp_path))


@ROOT_ONLY
def test_a_full_file_system_is_not_enough(tmp_path: Path) -> None:
    """The last byte fits, one more does not; the other file system does not help."""
    with mounted(tmp_path / "disk", "size=64k") as disk:
        for need, enough in ((65536, True), (65537, False)):
            found = rooms([Need(str(disk / "x"), need), Need(str(tmp_path), 1)])
            assert [each.enough for each in found] == [enough, True]
            assert found[0].mount == str(disk)


@ROOT_ONLY
def test_inodes_run_out_before_bytes(tmp_path: Path) -> None:
    """A file system with room for no more files is full."""
    with mounted(tmp_path / "disk", "size=1m,nr_inodes=8") as disk:
        (few,) = rooms([Need(str(disk), 1, 2)])
        (many,) = rooms([Need(str(disk), 1, 9)])

    assert (few.enough, many.enough) == (True, False)


@pytest.fixture
def deploy(tmp_path: Path) -> Deploy:
    """A release that is about to be changed."""
    return Deploy(tmp_path)


def needed(deploy: Deploy, *logs: str) -> tuple[Room, ...]:
    """Return need and room of each file system, asked as readiness does."""
    return requirements.space(SpaceRequest(deploy.location, ("config/.env",), logs)).rooms


def test_the_room_that_a_rollback_needs_is_that_of_its_files(deploy: Deploy) -> None:
    """Each file is staged once and kept twice: a larger one needs that much more."""
    deploy.save()
    before = sum(each.need for each in needed(deploy))
    deploy.put("core/gateway/server.py", "x" * 40960)
    deploy.save(current=Release("v3", None), replace=True)
    after = sum(each.need for each in needed(deploy))

    assert after - before == 3 * (40960 - 4096)


def test_a_huge_log_is_kept_in_part(deploy: Deploy) -> None:
    """Evidence takes the end of a log, not gigabytes."""
    deploy.save()
    log = deploy.place / "log"
    log.touch()
    os.truncate(log, 1 << 40)
    (one,) = needed(deploy, str(log), "/no/such/log")

    assert requirements.MOST_LOG <= one.need < 2 * requirements.MOST_LOG


@ROOT_ONLY
def test_a_state_directory_without_room_is_not_enough(deploy: Deploy) -> None:
    """Evidence goes where the state is, which may be a small disk."""
    deploy.state.parent.mkdir(parents=True)
    with mounted(deploy.state, "size=64k,mode=0700") as disk:
        deploy.save()
        small = {each.mount: each.enough for each in needed(deploy)}

    assert small[str(disk)] is False
    assert all(enough for mount, enough in small.items() if mount != str(disk))


def test_every_path_that_is_replaced_is_looked_at(deploy: Deploy) -> None:
    """Files, copies, added files, installed unit files, the state directory and the page."""
    deploy.put("units/a.service", "x")
    deploy.save(files=["config/.env", "units/a.service"], added=["core/new.py"])
    installed, page = str(deploy.place / "etc"), (f"{deploy.place}/page.html",)
    found = requirements.rights(RightsRequest(deploy.location, "units", installed, page))

    assert found == Rights(2 + 2 + 1 + 1 + 1 + 1, {})


def test_a_page_without_its_directory_cannot_be_shown(deploy: Deploy) -> None:
    """Nobody makes that directory during a rollback."""
    deploy.save()
    page = f"{deploy.place}/www/page.html"
    found = requirements.rights(RightsRequest(deploy.location, None, None, (page,)))

    assert found.denied == {page: f"its directory {deploy.place}/www is not there"}


def test_a_directory_that_became_a_file_is_no_question_of_rights(deploy: Deploy) -> None:
    """Nothing can be put in it, whoever one is."""
    deploy.save()
    shutil.rmtree(deploy.root / "core/mesh")
    place = deploy.put("core/mesh", "a file")
    found = requirements.rights(RightsRequest(deploy.location, None, None))

    assert set(found.denied.values()) == {f"{place} is no directory any more"}


@ROOT_ONLY
def test_a_unit_directory_that_is_read_only_is_told(deploy: Deploy) -> None:
    """What is outside the root is replaced as well."""
    deploy.put("units/a.service", "x")
    deploy.save(files=["units/a.service"])
    with mounted(deploy.place / "etc", "size=64k,ro") as etc:
        found = requirements.rights(RightsRequest(deploy.location, "units", str(etc)))

    assert found.denied == {f"{etc}/a.service": f"{etc} is mounted read-only"}


def test_without_a_record_nothing_is_known(deploy: Deploy) -> None:
    """No set, no sum: it is a problem, not an empty need."""
    with pytest.raises(HostError, match=r"the state directory .* does not exist"):
        requirements.rights(RightsRequest(deploy.location, None, None))
    with pytest.raises(HostError, match=r"the state directory .* does not exist"):
        needed(deploy)


def test_a_log_that_cannot_be_read_is_told_with_its_reason(deploy: Deploy, tmp_path: Path) -> None:
    """One that is not there, a directory, a pipe; never waited for."""
    deploy.save()
    good, pipe = tmp_path / "good.log", tmp_path / "pipe.log"
    good.write_text("up")
    os.mkfifo(pipe)
    asked = (str(good), str(pipe), str(tmp_path), str(tmp_path / "no.log"))
    found = requirements.space(SpaceRequest(deploy.location, (), asked)).unread

    assert found == {
        str(pipe): "is not a regular file",
        str(tmp_path): "is not a regular file",
        str(tmp_path / "no.log"): "No such file or directory",
    }
