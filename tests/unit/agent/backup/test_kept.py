"""Backups in the state directory: nothing beside the files, and several releases back."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_rollback.agent.backup import save, verify
from pytest_rollback.agent.backup.strategies import kept
from pytest_rollback.agent.errors import HostError
from pytest_rollback.agent.messages.backup.save import SaveRequest, SaveResult
from pytest_rollback.agent.messages.backup.sets import ChoiceRequest
from pytest_rollback.agent.messages.backup.verify import Backups, BackupsRequest
from pytest_rollback.agent.messages.location import Location, Release
from pytest_rollback.agent.messages.rollback.files import FilesRequest
from pytest_rollback.agent.messages.state.runs import EndRequest
from pytest_rollback.agent.restore import apply
from pytest_rollback.agent.rollback import added_files, archive, undo
from pytest_rollback.agent.state import backup_set, runs
from tests.unit.support import requests
from tests.unit.support.deployed import saving

FIRST = {"app/web.py": "web 1", "app/old.py": "old 1", "config/.env": "PORT=1"}
SECOND = {"app/web.py": "web 2", "config/.env": "PORT=1", "app/new.py": "new 2"}
THIRD = {"app/web.py": "web 3", "config/.env": "PORT=3", "app/new.py": "3", "app/old.py": "old 3"}
RELEASES = {"1": FIRST, "2": SECOND, "3": THIRD}
"""The second deletes `old.py` and adds `new.py`; the third brings another `old.py`."""


class Shop:
    """A root with three releases, each deployed over the one before; backups are kept apart."""

    def __init__(self, place: Path, keep: int = 3) -> None:
        self.root, self.state, self.keep, self.live = place / "root", place / "state", keep, "1"
        self.write(FIRST)
        (self.root / "app/web.py").chmod(0o640)

    def write(self, files: dict[str, str]) -> None:
        """Put files in place, and take those of other releases away."""
        for path in {each for release in RELEASES.values() for each in release} - set(files):
            (self.root / path).unlink(missing_ok=True)
        for path, text in files.items():
            place = self.root / path
            place.parent.mkdir(parents=True, exist_ok=True)
            if not place.exists() or place.read_text() != text:
                place.write_text(text)

    def saving(self, current: str, **different: object) -> SaveRequest:
        """Return the request to save what the deploy of a release changes."""
        old, new = RELEASES[self.live], RELEASES[current]
        changed = [path for path, text in old.items() if new.get(path) != text]
        request = saving(self.root, self.state, changed, added=[p for p in new if p not in old])
        names = {"previous": Release(self.live, None), "current": Release(current, None)}
        return request._replace(**{"keep": self.keep, **names, **different})  # type: ignore[arg-type]

    def deploy(self, current: str, **different: object) -> SaveResult:
        """Save, and put a release in place."""
        done = save.save(self.saving(current, **different))
        self.write(RELEASES[current])
        self.live = current
        return done

    def location(self, run: str = "") -> Location:
        """Return where it is."""
        return requests.located(self.root, self.state, run)

    def look(self) -> Backups:
        """Return what readiness is told of the backups."""
        return verify.look(BackupsRequest(self.location(), requests.selected()))

    def faults(self) -> dict[str, str]:
        """Return what is wrong with the backups."""
        parts = self.look().components.values()
        return {each.path: each.fault for part in parts for each in part.faults}

    def choose(self, release: str) -> None:
        """Choose the release that a rollback returns to."""
        kept.choose(ChoiceRequest(self.location(), release))

    def back(self, run: str = "r1") -> None:
        """Roll back, as a drill does: added files away, all others back, evidence put away."""
        files = FilesRequest(self.location(run), requests.selected())
        runs.begin(requests.begin(self.state, run))
        added_files.remove(files)
        request = requests.restore(self.location(run))
        apply.apply(request._replace(digest=apply.look(request).digest))
        archive.close(files)
        runs.end(EndRequest(str(self.state), run, "recovered"))

    def files(self) -> dict[str, str]:
        """Return all that is below the root."""
        found = (path for path in self.root.rglob("*") if path.is_file())
        return {str(path.relative_to(self.root)): path.read_text() for path in found}


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
    with pytest.raises(HostError, match="no set leads back to '1'; those there are lead to 2"):
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


KILLED = """
import json, os, signal, sys
from pytest_rollback.agent.backup import save
from pytest_rollback.agent.backup.strategies import kept
from pytest_rollback.agent.messages.backup.save import SaveRequest
from pytest_rollback.agent.messages.backup.sets import ChoiceRequest
from pytest_rollback.agent.protocol import decode
left = int(sys.argv[3])
def hook(event, _):
    global left
    if event in {"open", "fcntl.flock"} or event.startswith("os."):
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
if sys.argv[1] == "save":
    request, call = decode(SaveRequest, json.loads(sys.argv[2])), save.save
else:
    request, call = decode(ChoiceRequest, json.loads(sys.argv[2])), kept.choose
sys.addaudithook(hook)
call(request)
"""


STEP = 7
"""Every seventh step: most of them only read."""


@pytest.mark.parametrize("what", ["save", "choose"])
def test_a_kill_at_any_instant_leaves_a_way_back(tmp_path: Path, what: str) -> None:
    """The earlier set or the new one, whole; the same call ends it."""
    point, killed, seen = 0, True, set()
    while killed:
        point += STEP
        shop = Shop(tmp_path / str(point))
        shop.deploy("2")
        if what == "choose":
            shop.deploy("3")
            request: object = ChoiceRequest(shop.location(), "1")
        else:
            request = shop.saving("3")
        words = [what, json.dumps(request), str(point)]
        done = subprocess.run(
            [sys.executable, "-c", KILLED, *words], check=False, timeout=30, capture_output=True
        )
        assert done.returncode in {0, -signal.SIGKILL}, done.stderr
        killed = done.returncode != 0

        assert shop.faults() == {}
        seen.add(backup_set.read(str(shop.state)).previous.name)
        if what == "choose":
            shop.choose("1")
            expected = FIRST
        else:
            shop.deploy("3")
            expected = SECOND
        assert shop.faults() == {}
        shop.back()
        assert shop.files() == expected
        shutil.rmtree(tmp_path / str(point))
    assert point > 20 * STEP
    assert seen == {"1", "2"}


def test_only_root_reads_what_is_kept(shop: Shop) -> None:
    """The directory is ours alone, so that the mode of a file in it opens it to nobody."""
    assert shop.state.stat().st_mode & 0o077 == 0
