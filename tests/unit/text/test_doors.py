"""Commands in texts, as they are printed: which there are, and how they are called from here."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from pytest_rollback.cli import main
from pytest_rollback.cli.main import commands
from pytest_rollback.run.command_line.arguments import Parser
from pytest_rollback.text import doors


def options(name: str, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Return the options of a command, as its own parser has them."""
    found: set[str] = set()

    def print_help(parser: argparse.ArgumentParser, *_: object) -> None:
        found.update(parser._option_string_actions)  # noqa: SLF001 - there is no other list

    monkeypatch.setattr(Parser, "print_help", print_help)
    with pytest.raises(SystemExit):
        main.main([*name.split(), "--help"])
    return found


@pytest.mark.parametrize("name", commands())
def test_the_words_are_those_of_the_command_line(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each command is known in texts, and whether it is about a target."""
    found = options(name, monkeypatch)

    assert ({"--target", "--rollback-target"} <= found) == (name in doors.TARGETED)
    assert name in (*doors.TARGETED, *doors.OTHERS)


def test_there_are_no_other_words() -> None:
    """A command that is gone is named nowhere; `init` may be not there yet."""
    assert {*doors.TARGETED, *doors.OTHERS} - commands().keys() <= {"init"}


@pytest.mark.parametrize(
    ("suites", "name"),
    [
        (["readiness"], "ready"),
        (["drill"], "drill"),
        (["drill", "validate"], "drill"),
        (["validate"], "validate"),
        (["readiness", "drill"], ""),
        (["troubleshooting"], ""),
    ],
)
def test_suites_have_their_command(suites: list[str], name: str) -> None:
    """Where one runs just these."""
    assert doors.door(suites) == name


def test_it_is_called_as_it_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """By its name, or by a path from where somebody stands; quoted for a shell."""
    monkeypatch.setattr(doors, "found", lambda name: f"my bin/{name}")
    assert doors.rollback("status") == "'my bin/rollback' status"
    monkeypatch.setattr(doors, "checkout", lambda: tmp_path)
    assert doors.setup() == "make setup"
    monkeypatch.setattr(doors, "checkout", lambda: None)
    assert doors.setup().startswith("pip install ")
