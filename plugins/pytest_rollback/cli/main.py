"""The command line: which commands there are, and how each of them ends.

A command's module is imported when the command is called, so that `--help` stays quick.
"""

from __future__ import annotations

import argparse
import functools
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import NoReturn, TypeAlias

from pytest_rollback.errors import UsageError
from pytest_rollback.progress.ticker import TICKER
from pytest_rollback.run.command_line import Parser, carried_out, failed
from pytest_rollback.run.extra_types import Command
from pytest_rollback.run.extras import outside
from pytest_rollback.transport.interrupts import INTERRUPTS

Function: TypeAlias = Callable[[Sequence[str], str], int]
"""A command: it takes its arguments and the name that help and hints give it, such as
`scripts/rollback`; it returns an exit code or raises a RollbackError."""


CORE = {
    "init": Command("cli.init.command:main", "look at a host and write its rollback.toml"),
    "now": Command("cli.rollback:main", "run triage, show the plan, ask, roll back and validate"),
    "status": Command(
        "cli.rollback:main", "list the runs that are recorded on the host", ("status",)
    ),
    "undo": Command(
        "cli.rollback:main", "undo a run: restore the failed release exactly", ("--undo",)
    ),
    "backups save": Command(
        "cli.backups:save", "save the files that a deploy will change", needs=("testinfra",)
    ),
    "readiness": Command("cli.procedure:readiness", "check whether a rollback is possible now"),
    "plan": Command("cli.procedure:plan", "show what a rollback would do, with estimated times"),
    "imports": Command("cli.procedure:imports", "clear stale bytecode and test every import"),
    "probes": Command("cli.procedure:probes", "run the probes of all components and of the edge"),
    "probe": Command("cli.procedure:probe", "run the probes of single components"),
    "verify": Command(
        "cli.verify:main", "check that a run folder is unchanged since it was sealed"
    ),
    "index": Command("cli.documents:index", "write a page about all runs"),
    "schema": Command("cli.documents:schema_command", "print the JSON Schema of rollback.toml"),
}
"""The commands of the core, by what is typed after the program's name."""


def commands() -> dict[str, Command]:
    """Return every command: the core's, and those of the parts that are there."""
    return {**CORE, **outside().commands}


def loaded(name: str) -> Function:
    """Return the function of a command; without its part, one that refuses.

    Raises:
        ModuleNotFoundError: a package that it needs is not installed.
    """
    command = commands().get(name)
    if command is None:
        return functools.partial(_absent, name)
    for package in command.needs:
        if find_spec(package) is None:
            raise ModuleNotFoundError(f"{package} is not installed", name=package)
    module, _, function = command.place.partition(":")
    found: Function = getattr(import_module(f"pytest_rollback.{module}"), function)
    return found


def _absent(name: str, _arguments: Sequence[str], _program: str) -> NoReturn:
    raise UsageError(
        f"the command {name!r} belongs to a part of pytest-rollback that is not installed",
        hint="install pytest-rollback with all parts",
    )


def ended(function: Function, arguments: Sequence[str], program: str) -> int:
    """Call a command; return its exit code. What it raises is printed with its hint."""
    return carried_out(lambda: function(arguments, program))


def main(arguments: Sequence[str] | None = None, program: str = "rollback") -> int:
    """Call the command that the first words name; return the exit code."""
    typed = list(sys.argv[1:] if arguments is None else arguments)
    for words in (2, 1):
        name = " ".join(typed[:words])
        if name in commands():
            return named(name, typed[words:], program)
    return ended(_listed, typed, program)


def named(name: str, arguments: Sequence[str], program: str) -> int:
    """Call a command by its name; return the exit code."""
    try:
        with TICKER.ticking():
            function = loaded(name)
    except ModuleNotFoundError as missing:
        return failed(f"{missing.name} is not installed\nHINT: make setup", UsageError.exit_code)
    first = commands()[name].first
    shown = f"{program} now" if first else f"{program} {name}"
    asks = {"-h", "--help"} & set(arguments)  # with no value after it, --undo would be refused
    return ended(function, [*(() if asks else first), *arguments], shown)


def _listed(arguments: Sequence[str], program: str) -> int:
    """Print the commands where --help asks for them; refuse everything else."""
    lines = [f"  {name:14} {command.about}" for name, command in commands().items()]
    parser = Parser(
        prog=program,
        usage=f"{program} COMMAND [...]",
        description="\n".join(["commands:", *lines]),
        epilog=f"{program} COMMAND --help describes one command",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", nargs="?", help="one of the commands above")
    asked = parser.parse_known_args(arguments)[0]
    what = f"unknown command {asked.command!r}" if asked.command else "a command is missing"
    parser.error(what)


def console() -> int:
    """Call the command that was typed after `rollback`; return the exit code.

    A signal ends it in order, as it ends a script.
    """
    INTERRUPTS.heed()
    return main()


if __name__ == "__main__":
    sys.exit(console())
