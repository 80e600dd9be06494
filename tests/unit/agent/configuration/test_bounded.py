"""Documents and scripts that are made to break their reader are told as what they are."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from pytest_rollback.agent.configuration import env_file, formats
from pytest_rollback.agent.configuration.units import program
from tests.growth import grows

if TYPE_CHECKING:
    from pathlib import Path

DEEP, LONG = 100_000, 5_000


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.json", "[" * DEEP),
        ("a.json", '{"a":' * DEEP),
        ("a.json", "9" * LONG),
        ("a.toml", "a = " + "[" * DEEP),
        ("a.toml", "a = " + "9" * LONG),
        ("a.toml", ".".join(["a"] * DEEP) + " = 1"),
        ("a.yaml", "[" * LONG),
    ],
)
def test_a_document_that_is_too_much_is_told(tmp_path: Path, name: str, text: str) -> None:
    """Values in values, and numbers without end, end no reader."""
    (tmp_path / name).write_text(text)
    why = formats.problem(str(tmp_path / name), "")

    assert why
    assert "PyYAML" not in why


@pytest.mark.parametrize("text", ["A={}", 'A="{}"', "A='{}", "{}", 'A="{}\n"'])
@pytest.mark.parametrize("filling", ["x", "x\n"])
def test_an_environment_file_takes_time_with_its_length(text: str, filling: str) -> None:
    """Not with the square of it, in a value, a key, and over many lines: eight times is eight."""

    def took(letters: int) -> float:
        whole = text.format(filling * letters)
        began = time.process_time()
        assert env_file.systemd(whole) or list(env_file.entries(whole))
        return time.process_time() - began

    assert not grows(took, 160_000)


def test_a_yaml_reader_of_his_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module beside which we were started is not taken for the host's."""
    (tmp_path / "yaml.py").write_text("open('proof', 'w')")
    (tmp_path / "a.yaml").write_text("a: 1")
    monkeypatch.chdir(tmp_path)
    formats.problem(str(tmp_path / "a.yaml"), "")

    assert not (tmp_path / "proof").exists()


@pytest.mark.parametrize("line", ['#!/usr/bin/env -S "python3', "#!" + "/x" * 9000, "#!"])
def test_the_first_line_of_a_script_of_his(tmp_path: Path, line: str) -> None:
    """A script may begin with whatever he writes."""
    script = tmp_path / "run"
    script.write_text(f"{line}\n")
    script.chmod(0o755)
    site = program.CommandSite("/", os.environ["PATH"], lambda path: path)

    assert program.found([str(script)], site).interpreter != "python3"


def test_a_script_that_is_a_fifo(tmp_path: Path) -> None:
    """A fifo has no first line, and is not waited for."""
    os.mkfifo(tmp_path / "run")
    site = program.CommandSite("/", os.environ["PATH"], lambda path: path)

    assert program.found([str(tmp_path / "run")], site).interpreter == ""
