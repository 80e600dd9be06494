"""The command line: which commands there are, and how each of them ends.

A command's module is imported when the command is called, so that `--help` stays quick.
"""

from __future__ import annotations

import argparse
import functools
import sys
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from importlib import import_module
from importlib.util import find_spec
from typing import NoReturn, TypeAlias

from pytest_rollback.errors import UsageError
from pytest_rollback.progress.ticker import TICKER
from pytest_rollback.run.command_line.arguments import Parser
from pytest_rollback.run.command_line.shared import carried_out, failed
from pytest_rollback.run.extra_types import Command
from pytest_rollback.run.extras import outside
from pytest_rollback.text.doors import rollback, setup
from pytest_rollback.text.places import PACKAGE
from pytest_rollback.transport.interrupts import INTERRUPTS

Function: TypeAlias = Callable[[Sequence[str], str], int]
"""A command: it takes its arguments and the name that help and hints give it, such as
`rollback now`; it returns an exit code or raises a RollbackError."""


CORE = {
    "init": Command("cli.init.command:main", "look at a host and write its rollback.toml"),
    "save": Command(
        "cli.backup.save:save",
        "before a deploy: save the files that it will change",
        ("testinfra",),
    ),
    "sets": Command("cli.backup.sets:main", "the releases that a rollback can return to"),
    "ready": Command("cli.suites:ready", "after a deploy: is a rollback possible now?"),
    "drill": Command("cli.suites:drill", "rehearse a rollback on a target that may be changed"),
    "now": Command("cli.incident:now", "in an incident: plan, ask, roll back and validate"),
    "status": Command("cli.standing.status:main", "the runs that are recorded on the host"),
    "undo": Command("cli.incident:undo", "undo a run: restore the failed release exactly"),
    "validate": Command("cli.suites:validate", "is the system healthy after a rollback?"),
    "monitor": Command("cli.suites:monitor", "watch it for fifteen minutes after a rollback"),
    "report open": Command("cli.report.runs:open_", "show the report of a run"),
    "report list": Command("cli.report.runs:list_", "list all runs, and write a page about them"),
    "report verify": Command(
        "cli.report.verify:main", "is a run folder unchanged since it was sealed?"
    ),
    "report rebuild": Command(
        "cli.report.verify:rebuild_run", "write the report of a run that was killed"
    ),
    "explain": Command("cli.explain:main", "what a criterion checks, how it fails, what to do"),
    "plan": Command("cli.procedure:plan", "show what a rollback would do, with estimated times"),
    "probes": Command("cli.procedure:probes", "run the probes of all components and of the edge"),
    "probe": Command("cli.procedure:probe", "run the probes of single components"),
    "imports": Command("cli.procedure:imports", "clear stale bytecode and test every import"),
    "completion": Command("cli.completion:main", "print completion for bash or zsh"),
    "schema": Command("cli.documents:schema_command", "print the JSON Schema of rollback.toml"),
}
"""The commands of the core, by what is typed after the program's name."""

ORDER = (
    *("init", "sandbox", "save", "sets", "ready", "triage", "now", "status", "undo", "validate"),
    *("monitor", "drill", "checklist", "report", "explain"),
)
"""The order in which a system meets them; all others come behind."""


def commands() -> dict[str, Command]:
    """Return every command that is there: the core's, and those of the parts."""
    found = {**CORE, **outside().commands}
    there = {name: each for name, each in found.items() if is_there(each)}
    first = {name: number for number, name in enumerate(ORDER)}
    return dict(sorted(there.items(), key=lambda one: first.get(one[0].split()[0], len(first))))


def is_there(command: Command) -> bool:
    """Return whether the package has the module of a command; nothing is imported.

    That of another package is there with the part that named it.
    """
    names = command.place.partition(":")[0].split(".")
    if not any((PACKAGE / f"{names[0]}{end}").exists() for end in ("", ".py")):
        return True
    path = PACKAGE.joinpath(*names)
    return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()


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
    ours = find_spec(f"pytest_rollback.{module.partition('.')[0]}") is not None
    found: Function = getattr(
        import_module(f"pytest_rollback.{module}" if ours else module), function
    )
    return found


def _absent(name: str, _arguments: Sequence[str], _program: str) -> NoReturn:
    raise UsageError(
        f"the command {name!r} belongs to a part of pytest-rollback that is not installed",
        hint="install pytest-rollback with all parts",
    )


def ended(function: Function, arguments: Sequence[str], program: str) -> int:
    """Call a command; return its exit code. What it raises is printed with its hint."""
    return carried_out(lambda: function(arguments, program), arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Call the command that the first words name; return the exit code."""
    typed = list(sys.argv[1:] if arguments is None else arguments)
    for words in (2, 1):
        name = " ".join(typed[:words])
        if name in commands():
            return named(name, typed[words:])
    if not typed or (typed[0].startswith("--") and "--help" not in typed):
        from pytest_rollback.cli.standing import situation  # noqa: PLC0415 - lists need none of it

        return ended(situation.main, typed, rollback())
    return ended(_listed, typed, rollback())


def named(name: str, arguments: Sequence[str]) -> int:
    """Call a command by its name; return the exit code."""
    try:
        with TICKER.ticking():
            function = loaded(name)
    except ModuleNotFoundError as missing:
        return failed(f"{missing.name} is not installed\nHINT: {setup()}", UsageError.exit_code)
    return ended(function, arguments, rollback(*name.split()))


def _listed(arguments: Sequence[str], program: str) -> int:
    """Print the commands where --help asks for them; refuse everything else."""
    group = next((each for each in arguments[:1] if is_group(each)), "")
    mine = {
        name: each for name, each in commands().items() if name.startswith(f"{group} ".lstrip())
    }
    parser = Parser(
        prog=program,
        usage=f"{' '.join(filter(None, (program, group)))} COMMAND [...]",
        description="\n".join(f"  {name:18} {each.about}" for name, each in mine.items()),
        epilog=f"{program} COMMAND --help describes one command",
    )
    parser.add_argument("command", nargs="?", help=argparse.SUPPRESS)
    asked = parser.parse_known_args(arguments[bool(group) :])[0]
    if asked.command is None:
        parser.error("a command is missing")
    near = get_close_matches(f"{group} {asked.command}".strip(), commands(), n=1)
    parser.hint = (
        f"{program} {near[0]} --help; all commands: {parser.hint}" if near else parser.hint
    )
    parser.error(f"unknown command {asked.command!r}")


def is_group(word: str) -> bool:
    """Return whether a word is the first one of several commands."""
    return any(name.startswith(f"{word} ") for name in commands())


def console() -> int:
    """Call the command that was typed after `rollback`; return the exit code.

    A signal ends it in order, as it ends a script.
    """
    INTERRUPTS.heed()
    return main()


if __name__ == "__main__":
    sys.exit(console())
