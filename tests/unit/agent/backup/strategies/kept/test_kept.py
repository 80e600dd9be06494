"""Backups in the state directory: nothing beside the files, and several releases back."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pytest_rollback.agent.backup import save
from pytest_rollback.agent.backup.strategies import kept
from pytest_rollback.agent.errors import HostError
from pytest_rollback.agent.messages.location import Release
from pytest_rollback.agent.messages.system import Room
from pytest_rollback.agent.restore import apply
from pytest_rollback.agent.rollback import undo
from pytest_rollback.agent.state import backup_set
from pytest_rollback.agent.system import disk
from tests.unit.agent.backup.strategies.kept.shop import FIRST, SECOND, THIRD, Shop
from tests.unit.support import requests

ROOM = Room("/srv", 0, 0, 0, 0, enough=False)
"""A file system on which there is none."""


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A shop of which the third release is live."""
    found = Shop(tmp_path)
    found.deploy("2")
    found.deploy("3")
    return found


def test_nothing_lies_beside_the_files(shop: Shop) -> None:
    """What a deploy has below the root is its own; the backups are whole."""
    assert shop.files() == THIRD
    assert shop.faults() == {}
    assert shop.look().record.files == len(set(SECOND))
    assert [each.previous for each in kept.look(shop.location()).sets] == ["2", "1"]


def test_a_rollback_returns_over_one_set(shop: Shop) -> None:
    """The second release is live, as it was, and nothing else; undo brings the third back."""
    shop.back()
    assert shop.files() == SECOND

    undo.undo(requests.undo(shop.location("r1")))
    assert shop.files() == THIRD


def test_a_rollback_returns_over_two_sets(shop: Shop) -> None:
    """Files of the first release come back, also one that was deleted and came anew."""
    shop.choose("1")
    assert shop.faults() == {}
    assert shop.look().record.previous == Release("1", None)

    shop.back()
    assert shop.files() == FIRST
    assert (shop.root / "app/web.py").stat().st_mode & 0o777 == 0o640

    undo.undo(requests.undo(shop.location("r1")))
    assert shop.files() == THIRD


def test_directories_that_a_deploy_deleted_are_made_again(tmp_path: Path) -> None:
    """With their modes; undo takes them away, as they were gone, and so does a second rollback."""
    shop = Shop(tmp_path)
    shop.deploy("2")
    assert not (shop.root / "lib").exists()
    for run in ("r1", "r2"):
        shop.back(run)
        assert shop.files() == FIRST
        assert (shop.root / "lib/a").stat().st_mode & 0o777 == 0o750

        undo.undo(requests.undo(shop.location(run)))
        assert shop.files() == SECOND
        assert not (shop.root / "lib").exists()


def test_a_directory_that_was_used_since_stays(tmp_path: Path) -> None:
    """Undo takes its own files out of it, and says of no other that it was lost."""
    shop = Shop(tmp_path)
    shop.deploy("2")
    shop.back()
    (shop.root / "lib/a/mine").write_text("written since")
    undo.undo(requests.undo(shop.location("r1")))
    assert shop.files() == {**SECOND, "lib/a/mine": "written since"}


def test_the_choice_is_taken_back(shop: Shop) -> None:
    """The next release back is chosen again."""
    shop.choose("1")
    shop.choose("2")
    assert backup_set.read(str(shop.state)).kept == "0002"
    shop.back()
    assert shop.files() == SECOND


def test_a_deploy_after_a_rollback_goes_on_from_there(shop: Shop) -> None:
    """What was rolled back leads nowhere any more; no --replace is needed."""
    shop.choose("1")
    shop.back()
    shop.live = "1"
    shop.deploy("3")
    assert [each.previous for each in kept.look(shop.location()).sets] == ["1"]
    shop.back("r2")
    assert shop.files() == FIRST


def test_a_set_that_nobody_rolled_back_is_not_replaced(shop: Shop) -> None:
    """A deploy from a release that is not live is refused, with both releases."""
    shop.live = "1"
    with pytest.raises(HostError, match=r"from 3 back to 2, saved .* exists already"):
        save.save(shop.saving("2"))


def test_a_deploy_that_is_repeated_saves_nothing_of_its_own(shop: Shop) -> None:
    """The set is completed, and what it has stays."""
    shop.live = "2"
    done = save.save(shop.saving("3"))
    assert (done.changed, done.saved, done.sets) == (False, 0, 2)
    shop.back()
    assert shop.files() == SECOND


def test_what_is_too_far_back_is_removed(tmp_path: Path) -> None:
    """With keep = 1 the earlier set goes, and contents that nobody needs."""
    shop = Shop(tmp_path, keep=1)
    shop.deploy("2")
    shop.deploy("3")
    assert sorted(path.name for path in (shop.state / "sets").iterdir()) == ["0002"]
    number = len(list((shop.state / "contents").iterdir()))
    assert number == sum(path.is_file() for path in (shop.state / "sets/0002/files").rglob("*"))
    with pytest.raises(HostError, match="no set leads back to '1', only to 2"):
        shop.choose("1")


def test_contents_that_two_sets_have_take_their_room_once(shop: Shop) -> None:
    """The folder of a choice has links only."""
    before = {path.stat().st_ino for path in (shop.state / "contents").iterdir()}
    shop.choose("1")
    chosen = next((shop.state / "sets").glob("chosen-*")) / "files"
    assert {path.stat().st_ino for path in chosen.rglob("*") if path.is_file()} <= before


@pytest.mark.parametrize("defect", ["gone", "altered", "another mode", "folder gone"])
def test_a_spoilt_backup_is_named(shop: Shop, defect: str) -> None:
    """By readiness and by a choice; nothing is restored from it."""
    place = shop.state / "sets/0002/files"
    path = place / "app/web.py"
    if defect == "gone":
        path.unlink()
    elif defect == "altered":
        path.write_text("web X")
    elif defect == "another mode":
        path.chmod(0o600)
    else:
        shutil.rmtree(place)
    assert "app/web.py" in shop.faults()
    with pytest.raises(HostError, match=r"gone, or not as recorded: .*app/web.py of 2"):
        shop.choose("1")
    if defect != "another mode":  # the record has the mode
        request = requests.restore(shop.location("r1"))
        with pytest.raises(HostError, match=r"app/web.py: its backup"):
            apply.look(request)


def test_a_damaged_record_of_an_earlier_set_is_told(shop: Shop) -> None:
    """With its path; the recorded set is used as it is."""
    (shop.state / "sets/0001/backups.json").write_text("{")
    with pytest.raises(HostError, match=r"sets/0001/backups.json is damaged"):
        shop.choose("1")
    assert shop.faults() == {}


def test_a_change_of_the_setting_is_no_silent_change(shop: Shop) -> None:
    """Backups beside the files again: what is recorded has to be replaced by name."""
    with pytest.raises(HostError, match="exists already"):
        save.save(shop.saving("1", keep=0))


def test_only_root_reads_what_is_kept(shop: Shop) -> None:
    """The directory is ours alone, so that the mode of a file in it opens it to nobody."""
    assert shop.state.stat().st_mode & 0o077 == 0


def test_a_state_directory_without_room_is_named(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it lies, and not the root: the earlier set stays the recorded one."""
    monkeypatch.setattr(disk, "room", lambda need: ROOM._replace(need=need.bytes))
    request = shop.saving("1", previous=Release("3", None))
    with pytest.raises(HostError, match="file system has 0 bytes") as refused:
        save.save(request)
    assert f"df -h {shop.state}" in refused.value.hint
    assert shop.faults() == {}
