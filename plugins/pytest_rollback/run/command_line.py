"""What all commands share: refusals with a hint, exit codes, and where runs are kept.

It imports no more than `--help` needs.

No option has an empty value: that is a variable of a script that was never set, such as
`--undo "$RUN"`. None is given twice with different values, of which one would be dropped in
silence. Both are refused where an option is declared, also those of pytest.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import sys
import textwrap
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from pathlib import Path
from typing import Any, NoReturn

from pytest_rollback.errors import RollbackError, UsageError
from pytest_rollback.progress.ticker import TICKER
from pytest_rollback.progress.unprinted import HeardStream, complaint, give_up
from pytest_rollback.text import pytest_settings
from pytest_rollback.text.next_steps import NextSteps, next_steps
from pytest_rollback.text.places import checkout, home
from pytest_rollback.text.pytest_settings import PytestSettings
from pytest_rollback.transport.interrupts import CODE

INTERRUPTED = CODE
CONTROL = {number: f"\\x{number:02x}" for number in (*range(32), 127) if number != ord("\n")}


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
        """Refuse the arguments."""
        raise UsageError(message, hint=self.hint)


def add_target(parser: argparse.ArgumentParser) -> None:
    """Add the option that names the target, under both of its names."""
    parser.add_argument(
        "--target",
        "--rollback-target",
        dest="rollback_target",
        metavar="PATH",
        help="a rollback.toml, sandbox or machine; default: that of this folder",
    )


FOLLOWING: ContextVar[NextSteps | None] = ContextVar("FOLLOWING", default=None)
"""How the commands begin and end that come after the one that was typed."""

LINE = re.compile(r"^\s*(?:HINT|next): .*", re.MULTILINE)
"""A line that tells what to type."""


def carried_out(main: Callable[[], int], typed: Sequence[str] = ()) -> int:
    """Return the exit code of a command; print what it raises as one sentence and its hint.

    Args:
        main: the command.
        typed: its arguments; the next command is about the same target.
    """
    FOLLOWING.set(next_steps(typed))
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    before, sys.stdout = sys.stdout, HeardStream(sys.stdout)
    try:
        with TICKER.ticking():
            return _ended(main)
    finally:
        sys.stdout = before


def _ended(main: Callable[[], int]) -> int:
    try:
        return _heard(main())
    except RollbackError as error:
        return _heard(failed(f"{type(error).__name__}: {error}", error.exit_code))
    except SystemExit as end:  # argparse, after a help
        raise SystemExit(_heard(int(end.code or 0))) from None
    except OSError as error:
        return _heard(1, error)
    except KeyboardInterrupt:
        words = "interrupted\nHINT: run the same command again to resume"
        return _heard(failed(words, INTERRUPTED))


def _heard(code: int, error: OSError | None = None) -> int:
    """Return the exit code of a command: of what nobody could read, none is good."""
    with contextlib.suppress(OSError):
        sys.stdout.flush()
    unread: OSError | None = getattr(sys.stdout, "unread", None)
    if unread is not None:
        give_up(sys.stdout)
        sys.stderr.write(complaint(unread))
        return code or 1
    return code if error is None else _of_file(error)


def _of_file(error: OSError) -> int:
    """Say what the system has against a file; return the exit code."""
    name = error.filename
    hint = f"\nHINT: see 'ls -ld {name}'" if name else ""
    words = f"{name or type(error).__name__}: {error.strerror or error}"
    return failed(words + (hint or "\nHINT: see 'df -h' and 'dmesg | tail'"), 1)


def failed(words: str, code: int) -> int:
    """Print on standard error why a command failed; return the exit code."""
    print(without_secrets(words), file=sys.stderr)  # noqa: T201 - it speaks for a command
    return code


def shown(text: str) -> None:
    """Print a text that may hold anything, on lines of its own."""
    print(without_secrets(text))  # noqa: T201 - it speaks for a command


def without_secrets(text: str) -> str:
    """Return a text as a terminal may show it: without control characters, and without secrets."""
    from pytest_rollback.evidence.redaction import Redactor, of_environment  # noqa: PLC0415 - who speaks pays

    return Redactor(of_environment(os.environ)).text(completed(text).translate(CONTROL))


def completed(text: str) -> str:
    """Return a text whose hints and next commands can be pasted here, about the same target."""
    steps = FOLLOWING.get() or next_steps(())
    return LINE.sub(lambda line: steps.completed(line[0]), text)


def settings() -> PytestSettings:
    """Return what a session of pytest would be set to, in the folder that a command is about.

    Raises:
        UsageError: pytest refuses the file of its settings.
    """
    try:
        return pytest_settings.read(home())
    except ValueError as error:
        raise UsageError(f"pytest: {error}", hint="correct this file") from error


def repository() -> Path:
    """Return the checkout of this project, for what belongs to it and to no installed package.

    Raises:
        UsageError: the package was installed without one.
    """
    found = checkout()
    if found is None:
        raise UsageError(
            "this command belongs to a checkout of pytest-rollback; this one was installed",
            hint="rollback --help lists the commands of an installed one",
        )
    return found


def reports(folder: Path | None = None) -> Path:
    """Return where runs leave their folders, as a session of pytest decides it.

    That is what the environment variable `ROLLBACK_REPORTS` says, else the setting
    `rollback_reports` of pytest, else `reports` beside the rollback.toml.

    Args:
        folder: where the rollback.toml lies; the one that is meant if none is named.
    """
    if os.environ.get("ROLLBACK_REPORTS"):
        return Path(os.environ["ROLLBACK_REPORTS"]).absolute()
    return settings().path("rollback_reports") or (folder or home()) / "reports"
