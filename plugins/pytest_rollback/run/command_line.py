"""What all commands share: refusals with a hint, exit codes, and where runs are kept.

It imports no more than `--help` needs.
"""

from __future__ import annotations

import argparse
import os
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from pytest_rollback.errors import RollbackError, UsageError
from pytest_rollback.text.next_steps import HOME
from pytest_rollback.transport.interrupts import CODE

REPOSITORY = HOME
"""Where suites, scripts and reports are."""

INTERRUPTED = CODE
CONTROL = {number: f"\\x{number:02x}" for number in (*range(32), 127) if number != ord("\n")}


class Parser(argparse.ArgumentParser):
    """An argument parser that raises a UsageError, with a hint and exit code 4."""

    def error(self, message: str) -> NoReturn:
        """Refuse the arguments."""
        raise UsageError(message, hint=f"{self.prog} --help")


def carried_out(main: Callable[[], int]) -> int:
    """Return the exit code of a command; print what it raises as one sentence and its hint."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        code = main()
        sys.stdout.flush()
    except RollbackError as error:
        return failed(f"{type(error).__name__}: {error}", error.exit_code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        name = error.filename or "a file"
        return failed(f"{name}: {error.strerror or error}\nHINT: see 'ls -ld {name}'", 1)
    except KeyboardInterrupt:
        return failed("interrupted\nHINT: run the same command again to resume", INTERRUPTED)
    return code


def failed(words: str, code: int) -> int:
    """Print on standard error why a command failed; return the exit code."""
    print(words.translate(CONTROL), file=sys.stderr)  # noqa: T201 - it speaks for a command
    return code


def shown(text: str) -> None:
    """Print a text that may hold anything, on lines of its own."""
    print(text.translate(CONTROL))  # noqa: T201 - it speaks for a command


def reports(repository: Path) -> Path:
    """Return where runs leave their folders: `rollback_reports` of the pytest configuration.

    The environment variable `ROLLBACK_REPORTS` has precedence.
    """
    if os.environ.get("ROLLBACK_REPORTS"):
        return Path(os.environ["ROLLBACK_REPORTS"]).absolute()
    try:
        settings = tomllib.loads((repository / "pyproject.toml").read_text("utf-8"))
        options = settings["tool"]["pytest"]["ini_options"]
    except (OSError, ValueError, KeyError):
        options = {}
    return repository / str(options.get("rollback_reports", "reports"))
