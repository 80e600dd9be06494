"""The command line: which commands there are, and how each of them ends.

A command's module is imported when the command is called, so that `--help` stays quick.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import NamedTuple, TypeAlias

from pytest_rollback.cli.common import Parser, carried_out, failed
from pytest_rollback.errors import UsageError

Function: TypeAlias = Callable[[Sequence[str], str], int]
"""A command: it takes its arguments and the name that help and hints give it, such as
`scripts/rollback`; it returns an exit code or raises a RollbackError."""


class Command(NamedTuple):
    """One command.

    Args:
        place: its function, as `module:function` below this package.
        about: what it does, for the list of commands.
        first: what is put before the arguments that were typed.
        needs: packages that it cannot do without, and that are not always installed.
    """

    place: str
    about: str
    first: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()


SANDBOX = ("psycopg", "supervisor")
"""Packages of the sandbox that are installed with `pytest-rollback[sandbox]`."""

COMMANDS = {
    "now": Command("rollback:main", "look, show the plan, ask, roll back and validate"),
    "status": Command("rollback:main", "tell what the host's journals say of runs", ("status",)),
    "undo": Command("rollback:main", "take a run back: the failed release, as it was", ("--undo",)),
    "backups save": Command(
        "backups:save", "save what a deploy is about to change", needs=("testinfra",)
    ),
    "readiness": Command("procedure:readiness", "tell whether it could be rolled back now"),
    "plan": Command("procedure:plan", "show what a rollback would do, with estimated minutes"),
    "imports": Command("procedure:imports", "clear stale bytecode and try every import"),
    "probes": Command("procedure:probes", "ask all components and the edge their probes"),
    "probe": Command("procedure:probe", "ask single components their probes"),
    "checklist": Command("checklist:main", "show the checklist of a run, tick items, escalate"),
    "verify": Command("verify:main", "tell whether a run's folder is as it was sealed"),
    "postmortem": Command("report:postmortem", "write the draft of a run's review"),
    "index": Command("report:index", "write a page about all runs"),
    "sandbox": Command("sandbox:main", "a small real system to practise on", needs=SANDBOX),
    "machine": Command("sandbox:build", "build the image of the sandbox that is a whole host"),
    "story": Command("story:main", "play a whole incident on a sandbox"),
    "schema": Command("schema:main", "print the JSON Schema of rollback.toml"),
}
"""Every command, by what is typed after the program's name."""


def loaded(name: str) -> Function:
    """Return the function of a command.

    Raises:
        ModuleNotFoundError: a package that it needs is not installed.
    """
    command = COMMANDS[name]
    for package in command.needs:
        if find_spec(package) is None:
            raise ModuleNotFoundError(f"{package} is not installed", name=package)
    module, _, function = command.place.partition(":")
    found: Function = getattr(import_module(f"pytest_rollback.cli.{module}"), function)
    return found


def ended(function: Function, arguments: Sequence[str], program: str) -> int:
    """Call a command; return its exit code. What it raises is printed with its hint."""
    return carried_out(lambda: function(arguments, program))


def main(arguments: Sequence[str] | None = None, program: str = "rollback") -> int:
    """Call the command that the first words name; return the exit code."""
    typed = list(sys.argv[1:] if arguments is None else arguments)
    for words in (2, 1):
        name = " ".join(typed[:words])
        if name in COMMANDS:
            return named(name, typed[words:], program)
    return ended(_listed, typed, program)


def named(name: str, arguments: Sequence[str], program: str) -> int:
    """Call a command by its name; return the exit code."""
    try:
        function = loaded(name)
    except ModuleNotFoundError as missing:
        return failed(f"{missing.name} is not installed\nHINT: make setup", UsageError.exit_code)
    first = COMMANDS[name].first
    shown = f"{program} now" if first else f"{program} {name}"
    asks = {"-h", "--help"} & set(arguments)  # with no value after it, --undo would be refused
    return ended(function, [*(() if asks else first), *arguments], shown)


def _listed(arguments: Sequence[str], program: str) -> int:
    """Print the commands where --help asks for them; refuse everything else."""
    lines = [f"  {name:14} {command.about}" for name, command in COMMANDS.items()]
    parser = Parser(
        prog=program,
        usage=f"{program} COMMAND [...]",
        description="\n".join(["commands:", *lines]),
        epilog=f"{program} COMMAND --help tells about one of them",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", nargs="?", help="one of those above")
    asked = parser.parse_known_args(arguments)[0]
    what = f"there is no command {asked.command!r}" if asked.command else "a command is missing"
    parser.error(what)


if __name__ == "__main__":
    sys.exit(main())
