"""Compose files beside units: which of them are looked at, and which stand for the system."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_rollback.agent.messages.services.survey import SurveyRequest
from pytest_rollback.agent.services.presence.survey import composed
from tests.unit.cli.init.hosts import unit

RUNNER = ("/usr/bin/docker",)


@pytest.mark.parametrize("name", composed.FILES)
def test_the_file_of_the_root_that_is_meant(tmp_path: Path, name: str) -> None:
    """By each of its usual names; without a root no directory is searched."""
    (tmp_path / name).write_text("services: {}\n")

    assert composed.files([], SurveyRequest(root=str(tmp_path))) == [str(tmp_path / name)]
    assert composed.files([], SurveyRequest()) == []


def test_the_file_in_the_working_directory_of_a_unit_that_runs_compose(tmp_path: Path) -> None:
    """Beside any other unit a file may be for something else."""
    (tmp_path / "compose.yaml").write_text("services: {}\n")
    runner = unit("shop", str(tmp_path), started_by=RUNNER)

    assert composed.files([runner], SurveyRequest()) == [str(tmp_path / "compose.yaml")]
    assert composed.files([unit("shop", str(tmp_path))], SurveyRequest()) == []


def test_a_file_beside_what_runs_without_it_is_told(tmp_path: Path) -> None:
    """It is not taken for the system, and not left out in silence."""
    (tmp_path / "compose.yaml").write_text("services: {}\n")
    request = SurveyRequest(root=str(tmp_path))
    app = unit("shop", str(tmp_path))

    assert [each for each in composed.units([app], request) if each.directory == str(tmp_path)] == (
        []
    )
    (said,) = composed.unused([app], request)
    assert said.startswith(f"services of {tmp_path}/compose.yaml: it has no containers")
