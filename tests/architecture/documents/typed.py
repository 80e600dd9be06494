"""Commands of ours, parsed by their own parsers: what would be refused, without anything done."""

from __future__ import annotations

import argparse
import contextlib
import io
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

from pytest_rollback.cli import main
from pytest_rollback.run.command_line.arguments import Parser

REPOSITORY = Path(__file__).parents[3]
SHORT = {"-k": 1, "-o": 1, "-n": 1, "-p": 1, "-m": 1, "-x": 0, "-q": 0, "-v": 0}
"""The short options of pytest that we name, with how many values each has."""


class Parsed(BaseException):
    """A command was taken; `left` is what it hands on to pytest."""

    def __init__(self, left: list[str]) -> None:
        super().__init__(*left)
        self.left = left


@contextlib.contextmanager
def ending_there() -> Iterator[None]:
    """Have each command of ours end when its arguments are parsed."""
    whole, known = argparse.ArgumentParser.parse_args, argparse.ArgumentParser.parse_known_args

    def parse_args(parser: argparse.ArgumentParser, *words: Any) -> NoReturn:  # noqa: ANN401
        with known_again():
            whole(parser, *words)
        raise Parsed([])

    def parse_known_args(parser: argparse.ArgumentParser, *words: Any) -> NoReturn:  # noqa: ANN401
        with known_again():
            _, left = known(parser, *words)
        raise Parsed(left)

    @contextlib.contextmanager
    def known_again() -> Iterator[None]:
        Parser.parse_known_args = known  # type: ignore[method-assign]
        try:
            yield
        finally:
            Parser.parse_known_args = parse_known_args  # type: ignore[assignment]

    Parser.parse_args = parse_args  # type: ignore[assignment]
    Parser.parse_known_args = parse_known_args  # type: ignore[assignment]
    try:
        yield
    finally:
        del Parser.parse_args, Parser.parse_known_args


def refused(words: list[str]) -> str:
    """Return why `rollback` would refuse words, "" if it takes them."""
    first = {" ".join(words[:number]) for number in (1, 2)}
    if words and words[0] not in {"-h", "--help"} and not first & main.commands().keys():
        return f"there is no command {words[0]}"
    said = io.TextIOWrapper(io.BytesIO(), write_through=True)
    try:
        with ending_there(), contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
            code = main.main(words)
    except Parsed as parsed:
        return unknown(parsed.left)
    except SystemExit as ended:
        code = int(ended.code or 0)
    said.seek(0)
    return said.read() if code else ""


@cache
def options_of_pytest() -> str:
    """Return what pytest says of its options and of ours."""
    command = [".venv/bin/pytest", "-p", "no:cacheprovider", "--help"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    return done.stdout


def unknown(words: list[str]) -> str:
    """Return what among words pytest does not know, "" if it takes them."""
    left = iter(words)
    for word in left:
        if word in SHORT:
            if SHORT[word] and next(left, None) is None:
                return f"{word} without a value"
        elif word.startswith("--"):
            if f"  {word.partition('=')[0]}" not in options_of_pytest():
                return f"pytest has no {word}"
        elif not word.startswith("suites/") or not (REPOSITORY / word).exists():
            return f"pytest finds no {word}"
    return ""
