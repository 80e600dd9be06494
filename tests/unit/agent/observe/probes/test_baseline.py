"""The baseline: kept privately and whole, merged, and refused when it cannot be trusted."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from pytest_rollback.agent.backup import save as backup_save
from pytest_rollback.agent.errors import HostError
from pytest_rollback.agent.messages.baseline import (
    Baseline,
    BaselineRequest,
    BaselineSaved,
    BaselineTimes,
    BaselineUpdate,
)
from pytest_rollback.agent.messages.location import Release
from pytest_rollback.agent.observe.probes import baseline
from pytest_rollback.agent.state import directory
from tests.unit.support.deployed import saving

WEB = BaselineTimes(1.0, 2.0, 3.0, 50)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where a state directory will be."""
    return tmp_path / "state"


def save(place: Path, **probes: BaselineTimes) -> BaselineSaved:
    """Store the times of these probes."""
    return baseline.save(BaselineUpdate(str(place), probes))


def look(place: Path) -> Baseline:
    """Return what is stored."""
    return baseline.look(BaselineRequest(str(place)))


def test_nothing_is_known_at_first(place: Path) -> None:
    """Neither a missing directory nor a missing file is an error; looking makes neither."""
    assert look(place).probes == {}
    assert not place.exists()

    place.mkdir(0o700)
    assert look(place).probes == {}


def test_what_is_kept_is_found_again(place: Path) -> None:
    """With the time of each, privately, and what was known of other probes stays."""
    save(place, web=WEB)
    assert save(place, till=WEB._replace(p50=7.0)).stored == ("till",)
    found = look(place).probes

    assert found["web"].p50 == 1.0
    assert found["till"].p50 == 7.0
    assert found["web"].when.endswith("+00:00")
    assert stat.S_IMODE((place / "baseline.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(place.stat().st_mode) == 0o700
    assert [path.name for path in place.iterdir()] == ["baseline.json"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        json.dumps({"format": 2, "probes": {}}),
        json.dumps({"format": 1, "probes": {"web": {"p50": 1}}}),
        json.dumps({"format": 1, "probes": {"web": {**WEB._asdict(), "p50": -1, "when": "x"}}}),
        json.dumps({"format": 1, "probes": {"web": {**WEB._asdict(), "p50": None, "when": "x"}}}),
    ],
)
def test_a_damaged_baseline_is_not_an_empty_one(place: Path, text: str) -> None:
    """The way out is said, and nothing is written over it."""
    save(place, web=WEB)
    (place / "baseline.json").write_text(text)

    with pytest.raises(HostError, match="damaged") as caught:
        look(place)
    assert f"mv -n {place}/baseline.json {place}/baseline.json.bad" in caught.value.hint
    with pytest.raises(HostError, match="damaged"):
        save(place, web=WEB)


def test_the_file_is_as_earlier_versions_wrote_it(place: Path) -> None:
    """A baseline that is kept on a host is read by every version."""
    save(place, web=WEB)
    written = json.loads((place / "baseline.json").read_text())
    first, stores = written.pop("first"), written.pop("stores")
    ((_, alone),) = written.pop("releases")
    (place / "baseline.json").write_text(json.dumps(written))
    (place / "baseline.json").chmod(0o600)
    before = look(place)
    when = written["probes"]["web"].pop("when")
    release = written["probes"]["web"].pop("release")

    assert written == {
        "format": 1,
        "probes": {"web": {"max": 3.0, "p50": 1.0, "p95": 2.0, "samples": 50}},
    }
    assert when.endswith("+00:00")
    assert (first["web"]["p50"], stores, release) == (1.0, {"web": 1}, "")
    assert alone["web"]["p50"] == 1.0
    assert before.first == before.probes


def test_each_release_keeps_its_own_times(tmp_path: Path) -> None:
    """The release that is rolled back to is not held against what the slower one has stored."""
    root, place = tmp_path / "root", tmp_path / "state"
    root.mkdir()
    (root / "a.py").write_text("a\n")

    def kept(*, previous: bool) -> tuple[float, str]:
        found = baseline.look(BaselineRequest(str(place), previous)).probes["web"]
        return found.p50, found.release

    def deployed(before: str, now: str) -> None:
        backup_save.save(
            saving(
                root,
                place,
                ["a.py"],
                previous=Release(before, None),
                current=Release(now, None),
                replace=True,
            )
        )
        save(place, web=WEB._replace(p50=float(now)))

    deployed("1", "2")
    assert kept(previous=False) == kept(previous=True) == (2.0, "2")  # nothing better is known
    deployed("2", "3")
    deployed("3", "4")
    assert (kept(previous=False), kept(previous=True)) == ((4.0, "4"), (3.0, "3"))

    (place / "backups.json").rename(place / "closed")  # as a rollback does that has ended
    assert kept(previous=True) == (3.0, "3")
    save(place, web=WEB._replace(p50=3.5))
    assert kept(previous=True) == (3.5, "")
    deployed("3", "5")
    assert kept(previous=True) == (3.0, "3")
    for number in range(6, 12):
        deployed(str(number - 1), str(number))
    written = json.loads((place / "baseline.json").read_text())
    assert [name for name, _ in written["releases"]] == ["7", "8", "9", "10", "11"]


def test_the_first_times_stay_however_often_others_are_stored(place: Path) -> None:
    """What is a little slower each night is held against what it was at the beginning."""
    for night in range(11):
        save(place, web=WEB._replace(p50=1.0 + 9 * night))
    found = look(place)

    assert (found.probes["web"].p50, found.first["web"].p50) == (91.0, 1.0)
    assert found.stores == {"web": 11}


def test_a_baseline_that_others_can_write_proves_nothing(place: Path) -> None:
    """Nor does a link in its place."""
    save(place, web=WEB)
    (place / "baseline.json").chmod(0o666)
    with pytest.raises(HostError, match="written by others"):
        look(place)

    (place / "baseline.json").rename(place / "elsewhere")
    (place / "baseline.json").symlink_to(place / "elsewhere")
    with pytest.raises(HostError, match="symlink"):
        look(place)


def test_nothing_is_kept_while_a_run_is_at_work(place: Path) -> None:
    """Response times in the middle of a rollback are nobody's baseline."""
    held = directory.made(str(place))
    with directory.held(held, str(place)), pytest.raises(HostError) as caught:
        save(place, web=WEB)

    assert caught.value.kind == "held"
