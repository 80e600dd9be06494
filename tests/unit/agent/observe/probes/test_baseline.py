"""The baseline: kept privately and whole, merged, and refused when it cannot be trusted."""

from __future__ import annotations

import json
import stat
from typing import TYPE_CHECKING

import pytest

from pytest_rollback.agent.errors import HostError
from pytest_rollback.agent.messages.baseline import (
    Baseline,
    BaselineRequest,
    BaselineSaved,
    BaselineTimes,
    BaselineUpdate,
)
from pytest_rollback.agent.observe.probes import baseline
from pytest_rollback.agent.state import directory

if TYPE_CHECKING:
    from pathlib import Path

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
    assert f"rm {place}/baseline.json" in caught.value.hint
    with pytest.raises(HostError, match="damaged"):
        save(place, web=WEB)


def test_the_file_is_as_earlier_versions_wrote_it(place: Path) -> None:
    """A baseline that is kept on a host is read by every version."""
    save(place, web=WEB)
    written = json.loads((place / "baseline.json").read_text())
    first, stores = written.pop("first"), written.pop("stores")
    (place / "baseline.json").write_text(json.dumps(written))
    (place / "baseline.json").chmod(0o600)
    before = look(place)
    when = written["probes"]["web"].pop("when")

    assert written == {
        "format": 1,
        "probes": {"web": {"max": 3.0, "p50": 1.0, "p95": 2.0, "samples": 50}},
    }
    assert when.endswith("+00:00")
    assert (first["web"]["p50"], stores) == (1.0, {"web": 1})
    assert before.first == before.probes


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
