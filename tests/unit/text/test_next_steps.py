"""The next command is one to be copied: same system, same incident, never armed by itself."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from pytest_rollback.text.next_steps import NextSteps, kept, next_steps, program
from pytest_rollback.text.places import checkout


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ((), []),
        (("suites/drill", "--arm=production", "-q"), []),
        (("--rollback-target=a.toml", "suites/drill"), ["--rollback-target=a.toml"]),
        (("--rollback-target", "a b.toml"), ["--rollback-target=a b.toml"]),
        (("--incident", "INC-1", "--soak=15m"), ["--incident=INC-1"]),
        (
            ("-o", "rollback_reports=/r", "-o", "rollback_soak_scale=30"),
            ["-o", "rollback_reports=/r"],
        ),
        (("--rollback-target",), ["--rollback-target="]),
    ],
)
def test_what_is_meant_is_kept(words: tuple[str, ...], found: list[str]) -> None:
    """Which system, which incident, where the reports are; never the word that opens the gate."""
    assert list(kept(words)) == found


def test_the_same_command_is_the_one_that_was_typed() -> None:
    """Whoever typed scripts/rollback is told scripts/rollback again."""
    command = "scripts/rollback '--rollback-target=a b.toml' --incident=INC-1 --arm=corner"
    way = next_steps(("--rollback-target=/abs/a b.toml", "--live", "suites/drill"), command)

    assert way.again(("-q",)) == command
    assert way.rollback() == "scripts/rollback '--rollback-target=a b.toml' --incident=INC-1"
    assert (
        NextSteps("pytest").again(("suites/drill", "--arm=a b"))
        == "pytest suites/drill '--arm=a b'"
    )
    assert NextSteps("pytest", ("--incident=1",)).pytest("suites/triage") == (
        "pytest suites/triage --incident=1"
    )


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("run pytest suites/drill --arm=x, then", "run pytest suites/drill --arm=x {}, then"),
        (
            "pytest suites/triage --impact=30%; or wait",
            "pytest suites/triage --impact=30% {}; or wait",
        ),
        (
            "scripts/rollback --undo=r1 --without=a/b.py.",
            "scripts/rollback --undo=r1 --without=a/b.py {}.",
        ),
        ("scripts/rollback status shows all", "scripts/rollback status {} shows all"),
        ("(pytest suites/drill suites/validate)", "(pytest suites/drill suites/validate {})"),
        ("pytest suites/drill --rollback-target=b.toml", None),
        ("pytest is no command here, nor is scripts/rollback.py", None),
    ],
)
def test_a_command_in_a_text_is_about_the_same_system(said: str, meant: str | None) -> None:
    """Whoever pastes it asks no other system, and nothing that stands behind it is taken."""
    way = NextSteps("pytest", ("--rollback-target=a b.toml",))
    target = "'--rollback-target=a b.toml'"

    assert way.completed(said) == (said if meant is None else meant.format(target))
    assert way.completed(way.completed(said)) == way.completed(said)
    assert NextSteps().completed(said) == said


def test_pytest_is_called_as_it_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """By its name where the shell finds ours, otherwise by its path."""
    ours = Path(sys.executable).with_name("pytest")
    monkeypatch.setenv("PATH", str(ours.parent))
    assert program() == "pytest"
    monkeypatch.setenv("PATH", "/nowhere")
    assert shutil.which(program()) or Path(program()).resolve() == ours.resolve()
    monkeypatch.chdir(tmp_path)
    assert Path(program()).is_absolute()


def test_suites_and_scripts_are_named_as_they_are_found_from_here(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Suites by their short names from everywhere, scripts from the repository."""
    top = checkout()
    assert top is not None
    monkeypatch.chdir(top)
    assert NextSteps("pytest").rollback() == "scripts/rollback"
    assert NextSteps("pytest").pytest("suites/monitor") == "pytest suites/monitor"
    monkeypatch.chdir(tmp_path)
    assert NextSteps("pytest").pytest("suites/monitor") == "pytest suites/monitor"
    assert Path(NextSteps("pytest").rollback()).is_file()
    assert (
        NextSteps("pytest").pytest("suites/none", "--soak=15m") == "pytest suites/none --soak=15m"
    )
