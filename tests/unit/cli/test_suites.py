"""The commands of suites run pytest on what ships, and hand on what they do not know."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO

import pytest

REPOSITORY = Path(__file__).parents[3]


def collected(*words: str) -> tuple[int, set[str], str]:
    """Have a command collect its criteria; return its exit code, the suites and the output."""
    command = [sys.executable, "-m", "pytest_rollback.cli.main", *words, "--collect-only", "-q"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    lines = [line for line in done.stdout.splitlines() if line.startswith("suites/")]
    return done.returncode, {line.split("/")[1] for line in lines}, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("words", "suites"),
    [
        (["ready", "-k", "backups"], {"readiness"}),
        (["drill", "--target", "rollback.toml"], {"drill", "validate"}),
        (["drill", "--isolate"], {"drill"}),
        (["monitor", "--component", "p2p", "--soak=1m"], {"monitor"}),
    ],
)
def test_a_command_runs_its_suites(words: list[str], suites: set[str]) -> None:
    """With options of ours, of pytest, with a value apart and without one."""
    code, found, said = collected(*words)

    assert (code, found) == (0, suites), said


@pytest.mark.parametrize(
    ("words", "question"),
    [
        (("ready", "--nonsense"), ""),
        (("drill", "--amr=x"), "did you mean --arm? "),
        (("drill", "--jnitxml=a"), "did you mean --junitxml? "),
        (("triage", "--impatc=1"), "did you mean --impact? "),
    ],
)
def test_an_option_that_nobody_knows(words: tuple[str, str], question: str) -> None:
    """Exit code 4, one message, and a hint that names the near one and the list of all."""
    code, _, said = collected(*words)
    told, message = said.partition("ERROR: ")[2].splitlines(), f"unrecognized arguments: {words[1]}"

    assert (code, told[0], "usage: " in said) == (4, message, False), said
    assert told[1].startswith(f"HINT: {question}"), said
    assert f"rollback {words[0]} --help; options of pytest: pytest --help" in told[1], said


@pytest.mark.parametrize("word", ["--rollback-targt=x", "--arm"])
def test_so_does_pytest_where_it_is_about_criteria(word: str) -> None:
    """A value that is missing as well; other people's tests keep the words of pytest."""
    paths = ("suites/readiness", "tests/unit/run/test_arguments.py")
    ours, theirs = (session(path, word) for path in paths)

    assert (ours[0], theirs[0]) == (4, 4)
    assert ("usage: " in ours[1], "HINT: " in ours[1]) == (False, True), ours
    assert ("usage: " in theirs[1], "HINT: " in theirs[1]) == (True, False), theirs
    assert ("did you mean --rollback-target? " in ours[1]) == ("=" in word), ours


def session(*words: str) -> tuple[int, str]:
    """Run pytest itself; return its exit code and what it said."""
    command = [sys.executable, "-m", "pytest", *words]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


NOTHING = ("ready", "-k", "nothinglikeit")


def test_nothing_that_fits_is_a_part_of_nothing() -> None:
    """No criterion was evaluated: exit code 14, a verdict, and the command for all of them."""
    code, said = ended(*NOTHING)

    assert (code, "PARTIAL: 0 of " in said, "for a verdict: " in said) == (14, True, True), said


def test_a_session_that_cannot_print_ends_in_order() -> None:
    """The verdict's exit code stays, one line says why nothing was printed."""
    with Path("/dev/full").open("w") as full:
        code, said = ended(*NOTHING, out=full)

    assert (code, said.count("standard output: No space left"), "Traceback" in said) == (
        14,
        1,
        False,
    )


def ended(*words: str, out: int | IO[str] = subprocess.PIPE) -> tuple[int, str]:
    """Call a command; return its exit code and what it printed."""
    with tempfile.TemporaryDirectory() as reports:
        done = subprocess.run(
            [sys.executable, "-m", "pytest_rollback.cli.main", *words],
            cwd=REPOSITORY,
            stdout=out,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            env={**os.environ, "ROLLBACK_REPORTS": reports},
        )
    return done.returncode, (done.stdout or "") + done.stderr
