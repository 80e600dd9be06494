"""The story is played where nothing of a checkout is, and by commands that there are."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from pytest_rollback.cli.main import commands
from pytest_rollback.extras.sandbox import story
from pytest_rollback.extras.sandbox.clean_install import with_wheel

REPOSITORY = Path(__file__).parents[4]


def test_it_is_played_in_a_folder_with_the_wheel_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is installed there is found first, nothing leads to the checkout, reports are kept."""
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY / "plugins"))
    monkeypatch.setenv("ROLLBACK_REPORTS", str(tmp_path / "elsewhere"))
    with with_wheel(REPOSITORY, tmp_path / "kept") as at:
        assert [each.name for each in at.folder.iterdir()] == [at.wheel]
        assert at.wheel.startswith("pytest_rollback-")
        variables = at.environment(COLUMNS="60")
        (at.folder / "reports/r1").mkdir(parents=True)
        (at.folder / "reports/r1/report.json").write_text("{}")

    assert variables["PATH"].startswith(f"{at.folder}/.venv/bin:")
    assert not {"PYTHONPATH", "ROLLBACK_REPORTS"} & set(variables)
    assert not at.folder.exists()
    assert (tmp_path / "kept/r1/report.json").read_text() == "{}"


@pytest.mark.parametrize("step", [*story.BEFORE, *story.AFTER], ids=lambda step: step.command)
def test_each_command_is_one_of_ours(step: story.Step) -> None:
    """On the sandbox alone; and each says why it is given."""
    program, *words = shlex.split(step.command)
    known = {*commands(), *(" ".join(words[:2]) for words in map(str.split, commands()))}

    assert program == "rollback"
    assert words[0] in known or " ".join(words[:2]) in known
    assert words[0] == "sandbox" or "--target=sandbox" in words
    assert step.why.endswith((".", "?"))
