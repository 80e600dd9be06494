"""Settings of pytest are those that a session would go by, whichever file has them."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_rollback.errors import UsageError
from pytest_rollback.run.command_line.shared import reports, settings
from pytest_rollback.run.extras import usual
from pytest_rollback.text.pytest_settings import FILES, read
from tests.guests.guest import Guest

SET = {"rollback_reports": "out", "rollback_target": "ops/rollback.toml"}


@pytest.mark.parametrize("kept", FILES)
def test_a_file_is_found_from_below(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: str
) -> None:
    """Paths begin where the file lies, as pytest's own do."""
    below = tmp_path / "below"
    below.mkdir()
    monkeypatch.chdir(below)
    monkeypatch.delenv("ROLLBACK_REPORTS", raising=False)
    with Guest(SET, kept=kept).at(tmp_path):
        found = read(below)

        assert found.path("rollback_reports") == reports(Path("/elsewhere")) == tmp_path / "out"
        assert usual() == str(tmp_path / "ops/rollback.toml")


def test_the_first_of_two_files_counts(tmp_path: Path) -> None:
    """As pytest has it: a `pytest.ini` hides what stands in `pyproject.toml`."""
    with Guest(SET).at(tmp_path), Guest({"addopts": "-q"}, kept="pytest.ini").at(tmp_path):
        assert read(tmp_path).path("rollback_reports") is None


def test_without_a_setting_of_ours_nothing_is_read(tmp_path: Path) -> None:
    """Nor refused: what somebody else's file looks like is not a command's business."""
    (tmp_path / "pytest.toml").write_text("= broken")

    assert read(tmp_path).values == {}


def test_a_file_that_pytest_refuses_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With pytest's words and the way out."""
    (tmp_path / "pytest.toml").write_text("rollback_reports = = broken")

    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=r"pytest\.toml") as caught:
        settings()
    assert caught.value.hint == "correct this file"
