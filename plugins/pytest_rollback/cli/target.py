"""A target as a command names it: its description, its reports, and the connection to it."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Sequence
from types import TracebackType
from typing import NoReturn, Self

from pytest_rollback.errors import UsageError
from pytest_rollback.manifest.load import load
from pytest_rollback.run.command_line.arguments import Parser, add_target
from pytest_rollback.run.extras import place, reports_of, usual
from pytest_rollback.run.options import fitting
from pytest_rollback.transport.connection import Connection


class TargetCommand:
    """One target, of which the description is read.

    Args:
        named: the target as it was named.
        command: the command that was typed, for reports that say how to repeat it.
    """

    def __init__(self, named: str, command: str = "") -> None:
        self.named, self.reports, self.command = named, reports_of(named), command
        self.manifest = place(named).absolute()
        self.system = load(self.manifest).system
        self.connection = Connection(self.system)

    @property
    def target(self) -> str:
        """The name that has to be typed."""
        return self.system.target.name

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.connection.close()

    @classmethod
    def opened(cls, asked: argparse.Namespace, arguments: Sequence[str], program: str) -> Self:
        """Return the target that is meant.

        Raises:
            UsageError: the command is armed for another one.
        """
        command = f"{program} {shlex.join(arguments)}".rstrip()
        at = cls(asked.rollback_target or usual(), command)
        fitting(getattr(asked, "arm", None), at.system)
        return at

    def no_such_run(self, run: str, known: Sequence[str]) -> NoReturn:
        """Refuse a run that the host does not know; `known` are those that it does."""
        latest = ", ".join(known[-3:]) or "none"
        raise UsageError(f"there is no run {run!r} on {self.target}", hint=f"latest runs: {latest}")


def parser(program: str, about: str | None, story: str) -> Parser:
    """Return the parser of a command about a target, which may change it."""
    made = Parser(
        description=about,
        epilog=story.format(me=program),
        prog=program,
    )
    add_target(made)
    return made
