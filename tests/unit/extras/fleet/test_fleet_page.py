"""The page of a fleet, by real commands: it is as `look` says, and nothing hangs."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from pytest_rollback.errors import Refused
from pytest_rollback.extras.fleet.once import fleet_page
from pytest_rollback.extras.fleet.once.fleet_page import FleetPage
from pytest_rollback.manifest.probes import MaintenanceCommands


def page(home: Path, **more: object) -> FleetPage:
    """Return a page that is a file; `more` are commands that are otherwise."""
    words = {
        "on": ("touch", f"{home}/page"),
        "off": ("rm", "-f", f"{home}/page"),
        "look": ("sh", "-c", f"test -e {home}/page && echo closed || echo open"),
    }
    told = {**words, "shown": "closed", "lifted": "open", **more}
    return FleetPage(MaintenanceCommands.model_validate(told))


def test_it_is_switched_and_seen(tmp_path: Path) -> None:
    """Twice changes nothing."""
    one = page(tmp_path)
    for shown in (True, True, False, False):
        one.switch(shown=shown)
        assert one.is_shown() is shown


def test_what_look_says_decides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that ends well and does nothing is told."""
    monkeypatch.setattr(fleet_page, "PATIENCE", 0.3)
    with pytest.raises(Refused, match="the maintenance page is not on, although true ended well"):
        page(tmp_path, on=("true",)).switch(shown=True)
    for said in ("closed or open", "nothing"):
        with pytest.raises(Refused, match=r"says (both|neither) of 'closed' and 'open'"):
            page(tmp_path, look=("echo", said)).is_shown()


def test_a_command_that_fails_or_hangs_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its own words, without secrets, and with all that it has started ended."""
    monkeypatch.setenv("EDGE_TOKEN", "Tr0ub4dor-and-three")
    argv = ("sh", "-c", "echo no way, Tr0ub4dor-and-three; exit 3")
    with pytest.raises(Refused, match="on of the maintenance page: exit code 3, no way") as caught:
        page(tmp_path, on=argv).switch(shown=True)
    assert "Tr0ub4dor" not in str(caught.value.message)
    with pytest.raises(Refused, match=r"look of the maintenance page: .*No such file"):
        page(tmp_path, look=(f"{tmp_path}/none",)).is_shown()
    began = time.monotonic()
    with pytest.raises(Refused, match="it took longer than"):
        page(tmp_path, look=("sh", "-c", "sleep 60 & wait"), timeout="300ms").is_shown()
    assert time.monotonic() - began < 20
