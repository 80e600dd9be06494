"""What all commands share: how they end, exit codes, and where runs are kept.

It imports no more than `--help` needs.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import sys
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from pathlib import Path

from pytest_rollback.errors import RollbackError, UsageError
from pytest_rollback.progress.ticker import TICKER
from pytest_rollback.progress.unprinted import HeardStream, complaint, give_up, look
from pytest_rollback.text import pytest_settings
from pytest_rollback.text.next_steps import NextSteps, next_steps
from pytest_rollback.text.places import checkout, home
from pytest_rollback.text.pytest_settings import PytestSettings
from pytest_rollback.transport.interrupts import CODE

INTERRUPTED = CODE
LOOK = "see 'df -h' and 'dmesg | tail'"
"""What to look at where the system has something against a file, and does not say which."""

CONTROL = {number: f"\\x{number:02x}" for number in (*range(32), 127) if number != ord("\n")}


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
        words = complaint(unread)
        give_up(sys.stdout)
        sys.stderr.write(words)
        return code or 1
    return code if error is None else _of_file(error)


def _of_file(error: OSError) -> int:
    """Say what the system has against a file; return the exit code."""
    name = error.filename
    full = error.errno in {errno.ENOSPC, errno.EDQUOT}
    hint = look(str(Path(name).parent)) if full and name else f"see 'ls -ld {name}'"
    words = f"{name or type(error).__name__}: {error.strerror or error}"
    return failed(f"{words}\nHINT: {hint if name else LOOK}", 1)


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
