"""The arguments of all commands: options that are taken once, and refusals with a hint.

No option has an empty value: that is a variable of a script that was never set, such as
`--undo "$RUN"`. None is given twice with different values, of which one would be dropped in
silence. Both are refused where an option is declared, also those of pytest. One that there is not
is refused with the name of the one that was meant.
"""

from __future__ import annotations

import argparse
import re
import textwrap
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NoReturn

from pytest_rollback.errors import UsageError


class Once(argparse.Action):
    """Stores the value of an option, or of an argument."""

    seen: object = None

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        _option_string: str | None = None,
    ) -> None:
        """Take a value.

        Raises:
            argparse.ArgumentError: it is empty, or another one than that before it.
        """
        refuse_empty(parser, self, values)
        known = getattr(namespace, self.dest, None)
        before = known if self.seen is None and known != self.default else self.seen
        if self.option_strings and before not in (None, values):
            raise argparse.ArgumentError(self, f"given as {str(before)!r} and as {str(values)!r}")
        self.seen = values
        setattr(namespace, self.dest, values)


class Repeated(argparse.Action):
    """Collects the values of an option that may be given several times."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        _option_string: str | None = None,
    ) -> None:
        """Take one more value.

        Raises:
            argparse.ArgumentError: it is empty.
        """
        refuse_empty(parser, self, values)
        setattr(namespace, self.dest, [*(getattr(namespace, self.dest, None) or ()), values])


def refuse_empty(parser: argparse.ArgumentParser, action: argparse.Action, values: object) -> None:
    """Refuse a value without a letter in it; the hint says what to type.

    Raises:
        argparse.ArgumentError: there is one.
    """
    given = values if isinstance(values, (list, tuple)) else [values]
    if any(isinstance(each, str) and not each.strip() for each in given):
        hint = to_type(action)
        if isinstance(parser, Parser):
            parser.hint = hint
        elif isinstance(extra := getattr(parser, "extra_info", None), dict):
            extra["HINT"] = hint  # pytest prints these below an error
        raise argparse.ArgumentError(action, "the value is empty")


MEANT = {
    "TARGET": "the name in [target] of rollback.toml, see: grep -A 3 '^.target.' rollback.toml",
    "RUN": "the id of a run, see: rollback status",
    "PATH": "the path of a rollback.toml, or sandbox",
    "NAME": "a name from rollback.toml, see: grep '^name' rollback.toml",
    "ID": "the id of the incident in your own list",
    "CRITERION": "the id of a criterion, as the summary prints it",
}
"""What a word stands for that an option takes."""


def to_type(action: argparse.Action) -> str:
    """Return what to type in the place of an option, or argument, without a value."""
    word = action.metavar if isinstance(action.metavar, str) else action.dest.upper()
    option = f"{action.option_strings[-1]}=" if action.option_strings else ""
    if word in MEANT or not option:
        about = MEANT.get(word, action.help or "")
        return f"type {option}{word}{f', {word} being {about}' if about else ''}"
    return f"for example {option}{word}"


def path(text: str) -> Path:
    """Return a path that was given: an empty one would be the current folder."""
    if not text.strip():
        raise argparse.ArgumentTypeError("the value is empty")
    return Path(text)


class WrappedLines(argparse.RawDescriptionHelpFormatter):
    """Paragraphs are filled; an indented line, such as an example, stays one."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        joined = re.sub(r"(?<=[^\n:])\n(?=[^\s])", " ", text.strip("\n"))
        return "\n".join(
            textwrap.fill(
                f"{indent}{line}",
                width,
                subsequent_indent="    " if line[:1] == " " else "",
                break_on_hyphens=False,
            )
            for line in joined.splitlines()
        )


FEW = 4
"""Options that a usage lists; more of them are described below it."""


class Parser(argparse.ArgumentParser):
    """An argument parser that raises a UsageError, with a hint and exit code 4."""

    def __init__(self, **more: Any) -> None:  # noqa: ANN401 - argparse's own
        super().__init__(formatter_class=WrappedLines, **more)
        self.hint = f"{self.prog} --help"
        for name, kind in ((None, Once), ("store", Once), ("append", Repeated)):
            self.register("action", name, kind)
        self.register("type", Path, path)

    def format_help(self) -> str:
        """Return the help; its usage is one line, also with many options."""
        options = [each for each in self._actions if each.option_strings]
        if self.usage is None and len(options) > FEW:
            words = [str(each.metavar or each.dest) for each in self._get_positional_actions()]
            self.usage = " ".join([self.prog, "[option ...]", *(f"[{each}]" for each in words)])
        return super().format_help()

    def error(self, message: str) -> NoReturn:
        """Refuse the arguments: with what to type, or with the option that was meant."""
        lacking = LACKING.match(message)
        for action in self._actions if lacking else ():
            if lacking and lacking[1] == "/".join(action.option_strings):
                raise UsageError(message, hint=to_type(action))
        unknown = message.partition(UNKNOWN)[2].split() if message.startswith(UNKNOWN) else []
        raise UsageError(message, hint=meant(unknown, self._option_string_actions) + self.hint)


LACKING = re.compile(r"argument (\S+): expected one argument")
"""What argparse says of an option without its value."""

UNKNOWN = "unrecognized arguments: "
"""How argparse begins what it says of options that it does not know."""

NEAR = 0.7
"""How much of an option a word has to share with it, so that it may have been meant."""


def meant(unknown: Iterable[str], known: Iterable[str]) -> str:
    """Return a question that names the options which were meant, "" where none is near.

    Args:
        unknown: words of the command line that nobody knows, such as `--amr=x`.
        known: the options that there are.
    """
    options = [each for each in known if each.startswith("--")]
    named = [word.partition("=")[0] for word in unknown if word.startswith("--")]
    near = [found for word in named for found in get_close_matches(word, options, 1, NEAR)]
    return f"did you mean {' and '.join(dict.fromkeys(near))}? " if near else ""


def add_target(parser: argparse.ArgumentParser) -> None:
    """Add the option that names the target, under both of its names."""
    parser.add_argument(
        "--target",
        "--rollback-target",
        dest="rollback_target",
        metavar="PATH",
        help="a rollback.toml, sandbox or machine; default: that of this folder",
    )
