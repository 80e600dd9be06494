"""Commands under their two names: scripts of a checkout, words of `rollback` elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pytest_rollback.cli.main import commands
from pytest_rollback.text import doors
from pytest_rollback.text.places import checkout

REPOSITORY = Path(__file__).parents[3]
CALLED = re.compile(r'entry\.run\("([a-z ]+)"')
TEXT = "see 'scripts/create_backups.py --help', scripts/rollback status r1; scripts/sandbox.toml"


def test_each_script_has_its_command() -> None:
    """The one that it calls, and that `rollback` knows."""
    found = {
        path.relative_to(REPOSITORY).as_posix(): said[1]
        for path in [*REPOSITORY.glob("scripts/*"), REPOSITORY / "scripts/dev/build_machine"]
        if path.is_file() and (said := CALLED.search(path.read_text()))
    }

    assert found == doors.COMMANDS
    assert set(found.values()) <= commands().keys()


def test_a_checkout_names_its_scripts() -> None:
    """A text stays as it is written."""
    assert checkout() == REPOSITORY
    assert doors.pastable(TEXT) == TEXT


def test_elsewhere_there_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """A script is named by its command, what only begins like one is not, nor is a path."""
    monkeypatch.setattr(doors, "checkout", lambda: None)
    monkeypatch.setattr(doors, "found", lambda name: name)

    assert doors.pastable(TEXT) == (
        "see 'rollback backups save --help', rollback now status r1; scripts/sandbox.toml"
    )
    assert doors.pastable("/srv/scripts/rollback") == "/srv/scripts/rollback"
    assert doors.pastable("HINT: make setup") == (
        "HINT: pip install 'pytest-rollback[sandbox,notify]'"
    )
