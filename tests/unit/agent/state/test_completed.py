"""What strategies remember, where a set is saved once more: what is recorded stays."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pytest_rollback.agent.errors import HostError
from pytest_rollback.agent.messages.location import Release
from pytest_rollback.agent.state.backup_set import BackupSet
from pytest_rollback.agent.state.releases import completed

ONE = {"name": "acme", "architecture": "all", "version": "1.0"}
NEW = {**ONE, "version": "2.0"}
MORE = {"name": "acme-more", "architecture": "all", "version": "1.0"}


def record(**parts: Any) -> BackupSet:  # noqa: ANN401 - as a file may have them
    """Return a record of two releases."""
    previous, current = Release("1.0", None), Release("2.0", None)
    about = ("shop", "/srv/shop", ".backup", "", "", previous, current, (), ())
    return BackupSet(*about, sha256="", parts=parts)


def fresh(*found: Any, name: str = "packages") -> dict[str, str]:  # noqa: ANN401 - JSON
    """Return what a strategy remembers of what is live."""
    return {name: json.dumps(found)}


def test_what_is_recorded_stays_where_a_deploy_has_gone_on() -> None:
    """Of what it has installed already nothing is remembered as the previous release."""
    old = record(packages=[ONE])
    assert completed.parts(fresh(NEW), old) == {"packages": [ONE]}
    assert completed.joined(record(packages=[ONE]), old) == ()


def test_what_is_named_later_joins() -> None:
    """Behind what is recorded, and told by its name."""
    old = record(packages=[ONE])
    made = completed.parts(fresh(NEW, MORE), old)
    assert made == {"packages": [ONE, MORE]}
    assert completed.joined(record(**made), old) == ("acme-more all",)


def test_another_set_is_what_is_live() -> None:
    """Nothing of the one before is in it."""
    assert completed.parts(fresh(NEW), None) == {"packages": [NEW]}
    assert completed.joined(record(packages=[NEW]), None) == ()


def test_what_is_not_named_any_more_stays_recorded() -> None:
    """Nothing is taken out of a set that a rollback may need."""
    assert completed.parts(fresh(NEW), record(packages=[ONE, MORE])) == {"packages": [ONE, MORE]}


def test_a_strategy_with_one_part_keeps_that() -> None:
    """What commands showed of the release has no name by which another one would join."""
    shown, later = {"lines": ["1.0"], "digest": "a"}, {"lines": ["2.0"], "digest": "b"}
    old = record(commands=[shown])
    assert completed.parts(fresh(later, name="commands"), old) == {"commands": [shown]}


@pytest.mark.parametrize("damaged", [["acme"], 3])
def test_a_damaged_record_is_told(damaged: object) -> None:
    """With the way to another one; nothing is guessed."""
    with pytest.raises(HostError) as told:
        completed.parts(fresh(ONE), record(packages=damaged))
    assert "the record of packages is damaged" in told.value.message
    assert "--replace" in told.value.hint


def test_a_strategy_that_is_described_later_joins_and_is_told() -> None:
    """It remembers what is live by then, which may be the release that is being deployed."""
    shown, old = {"lines": ["2.0"], "digest": "b"}, record(packages=[ONE])
    made = completed.parts({**fresh(NEW), **fresh(shown, name="commands")}, old)
    assert made == {"packages": [ONE], "commands": [shown]}
    assert completed.joined(record(**made), old) == ("commands",)
