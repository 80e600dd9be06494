"""Which folder a command is about, where no target was named."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from pytest_rollback.text import places

REPOSITORY = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("program", "described", "wanted"),
    [
        (".venv/bin/rollback", False, "here"),
        (".venv/bin/pytest", False, "here"),
        ("scripts/rollback", False, "checkout"),
        ("scripts/rollback", True, "here"),
        (".venv/bin/rollback", True, "here"),
    ],
)
def test_only_scripts_of_a_checkout_are_about_it(
    program: str, *, described: bool, wanted: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """From a folder without a rollback.toml; all else is about where one stands."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [str(REPOSITORY / program)])
    if described:
        (tmp_path / "rollback.toml").touch()

    assert places.home() == {"here": tmp_path, "checkout": REPOSITORY}[wanted]


def test_what_ships_is_found_in_both(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A checkout links to it; an installed package has it, and no checkout above it."""
    for each in (places.SUITES, places.VILLAGE, places.EXAMPLE):
        assert each.exists()
    assert places.checkout() == REPOSITORY
    (tmp_path / "suites").mkdir()
    monkeypatch.setattr(places, "PACKAGE", tmp_path)
    monkeypatch.setattr(places, "SUITES", tmp_path / "suites")

    assert places.checkout() is None
