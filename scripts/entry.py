"""Where every script begins: in a Python that has the package, with its command line.

Not a command itself. It is read by any Python 3, also one in which nothing is installed.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
PYTHON = REPOSITORY / ".venv/bin/python"


def run(command: str, script: str, arguments: list[str] | None = None) -> None:
    """Run a command of the package with this process's arguments, and end with its exit code.

    Args:
        command: its name in `pytest_rollback.cli.main`, such as "save"; "" for that which is typed.
        script: the file that was called; help and hints name it.
        arguments: others than those of this process.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, ended)
    with environment():
        from pytest_rollback.cli import main  # noqa: PLC0415 - it may not be installed here
        from pytest_rollback.progress.ticker import TICKER  # noqa: PLC0415
        from pytest_rollback.transport.interrupts import INTERRUPTS  # noqa: PLC0415

        with TICKER.ticking():
            function = main.loaded(command) if command else None
    INTERRUPTS.heed()
    words = sys.argv[1:] if arguments is None else arguments
    if function is None:
        sys.exit(main.main(words))
    name = Path(script).resolve().relative_to(REPOSITORY)
    sys.exit(main.ended(function, words, str(name)))


def rolling_back(words: list[str]) -> list[str]:
    """Return what is typed behind `rollback` for what was typed behind `scripts/rollback`.

    That is `now`, and `undo` with `--undo RUN`; a word in the first place is a command itself.
    """
    if words[:1] and not words[0].startswith("-"):
        return words
    for number, word in enumerate(words):
        name, joined, run = word.partition("=")
        if name == "--undo":
            return ["undo", *words[:number], *([run] if joined else []), *words[number + 1 :]]
    return ["now", *words]


def ended(_number: int, _frame: object) -> None:
    """End before anything has begun, with one line."""
    if "pytest_rollback.progress.ticker" in sys.modules:
        sys.modules["pytest_rollback.progress.ticker"].TICKER.stop()
    os.write(2, b"interrupted: nothing was changed\n")
    os._exit(2)


@contextlib.contextmanager
def environment() -> Iterator[None]:
    """Run the same script again in `.venv` where a module that is imported within is missing here.

    Without a `.venv` the process ends with exit code 4 and a hint.
    """
    try:
        yield
    except ModuleNotFoundError as missing:
        if PYTHON.exists() and sys.prefix != str(PYTHON.parents[1]):
            os.execv(PYTHON, [str(PYTHON), *sys.argv])  # noqa: S606 - the same file again
        print(f"{missing.name} is not installed\nHINT: make setup", file=sys.stderr)
        sys.exit(4)
