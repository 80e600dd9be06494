"""Every option of every command: no empty value, no two values, whichever option it is."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from pytest_rollback.errors import UsageError
from pytest_rollback.run.command_line.arguments import Parser


def parser() -> Parser:
    """Return a parser with an option of each kind."""
    made = Parser(prog="x")
    made.add_argument("run", nargs="?")
    made.add_argument("files", nargs="*")
    made.add_argument("--undo")
    made.add_argument("--target", default="rollback.toml")
    made.add_argument("--to", type=Path)
    made.add_argument("--component", action="append", default=[])
    made.add_argument("--dry", action="store_true")
    return made


@pytest.mark.parametrize(
    "words",
    [
        ["--undo", ""],
        ["--undo="],
        ["--undo= "],
        ["--target", ""],
        ["--to", ""],
        ["--component="],
        [""],
        ["r", "a", ""],
        ["--undo=a", "--undo=b"],
        ["--target=rollback.toml", "--target=other"],
        ["--to=a", "--dry", "--to=b"],
    ],
)
def test_what_cannot_be_meant_is_refused(words: list[str]) -> None:
    """With exit code 4, the option, and what to type."""
    with pytest.raises(UsageError, match="argument ") as told:
        parser().parse_args(words)

    twice = "x --help"
    assert told.value.hint.startswith(("type ", "for example --", twice))


def test_what_is_meant_is_taken() -> None:
    """The same value twice is one; repeatable options are repeated; nothing is still nothing."""
    words = ["--undo=a", "--undo=a", "--component=b", "--component=c", "--to=d", "e", "f", "g"]
    found = parser().parse_args(words)
    none = parser().parse_args([])

    assert (found.undo, found.component, found.to) == ("a", ["b", "c"], Path("d"))
    assert (found.run, found.files, found.target) == ("e", ["f", "g"], "rollback.toml")
    assert none == argparse.Namespace(
        run=None, files=[], undo=None, target="rollback.toml", to=None, component=[], dry=False
    )


@pytest.mark.parametrize(
    ("words", "hint"),
    [(["--undo"], "for example --undo=UNDO"), (["--target"], "type --target=TARGET, ")],
)
def test_an_option_without_its_value_says_what_to_type(words: list[str], hint: str) -> None:
    """As one with an empty value does."""
    with pytest.raises(UsageError, match="expected one argument") as told:
        parser().parse_args(words)

    assert told.value.hint.startswith(hint)


@pytest.mark.parametrize(
    ("words", "question"),
    [
        (["--componet=a"], "did you mean --component? "),
        (["--zzz", "--copmonent", "a"], "did you mean --component? "),
        (["--drry", "--unod"], "did you mean --dry and --undo? "),
        (["--nonsense"], ""),
    ],
)
def test_an_option_that_was_meant_is_named(words: list[str], question: str) -> None:
    """Before the command that lists all of them; far from all options nothing is guessed."""
    with pytest.raises(UsageError, match="unrecognized arguments: ") as told:
        parser().parse_args(["r", "f", *words])

    assert told.value.hint == f"{question}x --help"
