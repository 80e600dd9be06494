"""The next command is one to be copied: same system, same incident, never armed by itself."""

from __future__ import annotations

import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_rollback.text import next_steps as steps
from pytest_rollback.text.next_steps import NextSteps, kept, meant, next_steps


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
    """Whoever typed `rollback now` is told `rollback now` again."""
    command = "bin/rollback now '--target=a b.toml' --incident=INC-1 --arm=corner"
    way = next_steps(("--rollback-target=/abs/a b.toml", "--live", "suites/drill"), command)
    way = replace(way, ours="rollback")

    assert (way.again(("-q",)), way.asks) == (command, True)
    assert way.rollback("now") == "rollback now '--target=a b.toml' --incident=INC-1"
    assert way.rollback("undo", "r1") == "rollback undo r1 '--target=a b.toml'"
    assert way.rollback("sandbox", "up") == "rollback sandbox up"
    again = NextSteps("pytest").again(("suites/drill", "--arm=a b"))
    assert again == "pytest suites/drill '--arm=a b'"


def test_suites_are_run_by_their_command() -> None:
    """With the settings that say where reports are; others by pytest."""
    way = NextSteps("pytest", ("-o", "rollback_reports=/r", "--incident=1"))
    assert way.suites(["triage"]) == "rollback triage -o rollback_reports=/r --incident=1"
    assert way.suites(["readiness", "drill"], "-x") == (
        "pytest suites/readiness suites/drill -x -o rollback_reports=/r --incident=1"
    )
    assert NextSteps("pytest").suites(["troubleshooting"]) == (
        "pytest suites/drill/troubleshooting"
    )


@pytest.mark.parametrize("option", ["--target=rollback.toml", "--rollback-target=./rollback.toml"])
def test_a_folders_own_description_need_not_be_named(
    option: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Another one has to, also the checkout's that a script is about from elsewhere."""
    monkeypatch.chdir(tmp_path)
    assert meant([option]) == []
    assert meant(["--target", "sandbox"]) == ["--rollback-target=sandbox"]
    assert meant(["--target=b.toml"]) == ["--rollback-target=b.toml"]
    monkeypatch.setattr(steps, "home", lambda: Path("/checkout"))
    assert meant([]) == ["--rollback-target=/checkout/rollback.toml"]
    assert meant(["--target=sandbox"]) == ["--rollback-target=sandbox"]


@pytest.mark.parametrize(
    ("said", "now"),
    [
        ("run rollback drill --arm=x, then", "run rollback drill --arm=x {}, then"),
        ("rollback triage --impact=30%; or wait", "rollback triage --impact=30% {}; or wait"),
        ("rollback undo r1 shows", "rollback undo {} r1 shows"),
        (
            "rollback undo 20261124-061200-ab12 --without=a/b.py.",
            "rollback undo 20261124-061200-ab12 --without=a/b.py {}.",
        ),
        ("rollback status RUN shows all", "rollback status RUN {} shows all"),
        ("see rollback report verify RUN", "see rollback report verify RUN {}"),
        ("rollback checklist ack --run RUN", "rollback checklist ack --run RUN {}"),
        ("(rollback drill suites/validate)", "(rollback drill suites/validate {})"),
        ("rollback drill --target=b.toml", None),
        ("rollback drill --rollback-target=b.toml", None),
        ("rollback sandbox up", None),
        ("the rollbacks now, and rollback.toml status, x/rollback now", None),
    ],
)
def test_a_command_in_a_text_is_about_the_same_system(said: str, now: str | None) -> None:
    """Whoever pastes it asks no other system, and nothing that stands behind it is taken."""
    way = NextSteps("pytest", ("--rollback-target=a b.toml",))
    target = "'--target=a b.toml'"

    assert way.completed(said) == (said if now is None else now.format(target))
    assert way.completed(way.completed(said)) == way.completed(said)
    assert NextSteps().completed(said) == said


def test_a_completed_text_is_completed_once() -> None:
    """Whoever prints it again adds nothing, neither target nor incident."""
    way = NextSteps("pytest", ("--rollback-target=a.toml", "--incident=K-1"))
    here = NextSteps("pytest", ("--incident=K-1",))
    once = way.completed("next: rollback monitor")

    assert once == "next: rollback monitor --target=a.toml --incident=K-1"
    assert way.completed(once) == once
    assert here.completed(here.completed("next: rollback monitor")).count("K-1") == 1


def test_it_is_called_by_a_path_where_its_name_finds_none() -> None:
    """Also in a text that has it by its name."""
    way = NextSteps(".venv/bin/pytest", ours=".venv/bin/rollback")

    assert way.completed("rollback status; or pytest suites/drill") == (
        ".venv/bin/rollback status; or .venv/bin/pytest suites/drill"
    )
    assert way.completed(way.completed("rollback status")) == ".venv/bin/rollback status"


def test_pytest_is_called_as_it_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """By its name where the shell finds ours, otherwise by its path."""
    ours = Path(sys.executable).with_name("pytest")
    monkeypatch.setenv("PATH", str(ours.parent))
    assert next_steps(()).program == "pytest"
    monkeypatch.setenv("PATH", "/nowhere")
    program = next_steps(()).program
    assert shutil.which(program) or Path(program).resolve() == ours.resolve()
    monkeypatch.chdir(tmp_path)
    assert Path(next_steps(()).program).is_absolute()
