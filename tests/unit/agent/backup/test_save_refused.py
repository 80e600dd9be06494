"""Saving that is refused, or stopped half way: by a full disk, by others, by a failing one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pytest_rollback.agent.backup import save
from pytest_rollback.agent.errors import HostError
from pytest_rollback.agent.messages.baseline import (
    BaselineRequest,
    BaselineTimes,
    BaselineUpdate,
)
from pytest_rollback.agent.messages.location import Release
from pytest_rollback.agent.observe.probes import baseline
from pytest_rollback.agent.state import backup_set
from pytest_rollback.agent.state import directory as places
from tests.unit.support.apart import ROOT_ONLY, apart, before, injected, words
from tests.unit.support.deployed import FILES, Deploy
from tests.unit.support.volumes import mounted

ENV = "config/.env"


@pytest.fixture
def deploy(tmp_path: Path) -> Deploy:
    """A release that is about to be changed."""
    return Deploy(tmp_path)


def test_what_would_be_saved_is_foreseen(deploy: Deploy) -> None:
    """The answer is that of saving, and nothing is changed for it."""
    before_it = deploy.everything()
    found = save.foresee(deploy.request())
    assert deploy.everything() == before_it
    done = deploy.save()

    assert found._replace(bytes=0, sha256="") == done._replace(bytes=0, sha256="")
    assert (found.saved, found.changed) == (len(FILES), True)


def test_not_every_reason_is_shown_of_very_many(deploy: Deploy) -> None:
    """Their number is told, and the first fifty of them."""
    with pytest.raises(HostError) as caught:
        deploy.save(files=[f"missing/{number:03}" for number in range(save.MOST + 7)])

    first, *reasons = caught.value.message.splitlines()
    assert first.endswith(f"reasons: {save.MOST + 7}")
    assert len(reasons) == save.MOST + 1
    assert reasons[0].strip() == "missing/000 does not exist"
    assert reasons[-1].strip() == "... and 7 more"


@ROOT_ONLY
@pytest.mark.parametrize(
    ("options", "size", "why"),
    [
        ("size=64k,mode=0755", 40_000, "bytes free, the backups need"),
        ("size=1m,nr_inodes=9,mode=0755", 10, "inodes free, 3 needed"),
    ],
)
def test_copies_that_have_no_room_are_refused_before_any_is_made(
    tmp_path: Path, options: str, size: int, why: str
) -> None:
    """Bytes and inodes are counted first."""
    with mounted(tmp_path / "small", options) as small:
        deploy = Deploy(tmp_path)
        deploy.root = small
        for name in ("a", "b", "c"):
            deploy.put(name, "x" * 10)
        deploy.put("a", "x" * size)
        for number in range(9):
            if os.statvfs(small).f_favail < 3:
                break
            deploy.put(f"filler {number}", "")
        names = sorted(path.name for path in small.iterdir())
        with pytest.raises(HostError, match=why) as caught:
            deploy.save(files=["a", "b", "c"])

        assert sorted(path.name for path in small.iterdir()) == names
        assert caught.value.hint.startswith(f"free space on the host, see 'df -h {small}'")


def test_a_run_that_recorded_meanwhile_is_not_overwritten(deploy: Deploy) -> None:
    """The record is looked at again under the lock: a plan from before it is no longer good."""
    other = Release("v3", None)

    def raced() -> None:
        before("fcntl.flock", lambda: deploy.save(current=other, files=[ENV]))
        os.write(1, words(lambda: deploy.save(replace=True)).encode())

    code, said = apart(raced)

    assert code == 0
    assert "another run has just recorded a backup set" in said
    assert backup_set.read(str(deploy.state)).current.name == "v3"
    assert not deploy.copy("core/mesh/mesh.py").exists()


def test_a_file_that_changes_while_it_is_copied_is_not_saved(deploy: Deploy) -> None:
    """Half of it would be of one release, half of another one."""
    live = deploy.root / ENV

    def raced() -> None:
        before("os.chmod", lambda: live.write_text("TOKEN=rotated\n"))
        os.write(1, words(lambda: deploy.save(files=[ENV])).encode())

    code, said = apart(raced)

    assert code == 0
    assert f"{ENV}: cannot be saved: it changed while it was copied" in said
    assert not deploy.copy(ENV).exists()
    assert not list(deploy.root.rglob(".rollback-*"))


def test_copies_that_could_not_all_be_named_are_completed_later(deploy: Deploy) -> None:
    """A disk that fails half way leaves the live files alone; the same command goes on."""
    live = deploy.live()
    said = injected(
        lambda: words(deploy.save), "renameat:error=EIO:when=2", "renameat2:error=EIO:when=2"
    )
    assert "the backups are incomplete" in said
    assert deploy.live() == live
    assert sum(deploy.copy(path).exists() for path in FILES) == 1
    assert not (deploy.state / backup_set.NAME).exists()

    deploy.save()
    assert deploy.faults() == []


def test_another_set_in_the_way_is_told_once(deploy: Deploy) -> None:
    """Its copies are in the way as well, which goes without saying for each of them."""
    deploy.save()
    deploy.overwrite()
    with pytest.raises(HostError) as caught:
        deploy.save(current=Release("v3", None))

    assert caught.value.message.count("--replace") == 1
    assert caught.value.hint.startswith("find out whose these backups are")


def test_a_state_directory_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    """Where a file is on the way to it there is no directory to make."""
    (tmp_path / "file").touch()
    with pytest.raises(HostError, match="cannot be created: ") as caught:
        places.made(str(tmp_path / "file" / "state"))

    assert f"mkdir -m 0700 -p {tmp_path}/file/state" in caught.value.hint


def test_a_record_of_very_many_files_is_read_as_it_was_written(deploy: Deploy) -> None:
    """In pieces, of which none is lost."""
    deploy.save()
    known = backup_set.read(str(deploy.state))
    many = tuple(
        known.files[0]._replace(path=f"many/{number}") for number in range(2 * backup_set.PIECE + 3)
    )
    backup_set.write(str(deploy.state), known._replace(files=many))

    assert backup_set.read(str(deploy.state)).files == many


def test_what_cannot_be_made_durable_does_not_take_a_place(deploy: Deploy) -> None:
    """Neither a record nor a baseline whose flush failed is the one that counts."""
    deploy.save()
    state = str(deploy.state)
    known = backup_set.read(state)
    probe = BaselineTimes(1.0, 2.0, 3.0, 50)
    baseline.save(BaselineUpdate(state, {"web": probe}))

    def rewritten() -> str:
        return words(lambda: backup_set.write(state, known._replace(by="somebody else")))

    def kept() -> str:
        changed = {"web": probe._replace(p50=9.0)}
        return words(lambda: baseline.save(BaselineUpdate(state, changed)))

    for task in (rewritten, kept):
        assert "cannot be written: Input/output error" in injected(task, "fsync:error=EIO:when=1")
    assert backup_set.read(state) == known
    assert baseline.look(BaselineRequest(state)).probes["web"].p50 == 1.0
