"""The commands that run a suite: `rollback ready`, `triage`, `drill`, `validate` and `monitor`.

pytest runs the suite that ships, in a process of its own; what a command does not know is an option
of pytest and is handed on as it was typed.
"""

from __future__ import annotations

import argparse
import functools
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from pytest_rollback.run.command_line.arguments import Parser, add_target
from pytest_rollback.run.command_line.shared import INTERRUPTED, shown
from pytest_rollback.run.extras import outside, reports_of, usual
from pytest_rollback.text.doors import SUITES
from pytest_rollback.text.places import home
from pytest_rollback.transport.interrupts import INTERRUPTS, NotBegun

CODES = """
Every further option is one of pytest: -k backups, -x, --junitxml=FILE; `pytest --help` lists all.

exit codes: 0 {good}; 1 not; 2 interrupted; 4 usage, or a problem in rollback.toml;
7 the host cannot be used; 10 inconclusive; 14 not everything was evaluated; all: README.md
"""


class SuiteWords(NamedTuple):
    """What a command says of its suite: what it is for, its good verdict, options, two examples."""

    about: str
    good: str
    options: tuple[tuple[str, str, str], ...]
    examples: tuple[str, str]


COMMON = (
    ("--component", "NAME", "only this component; repeatable"),
    ("--incident", "ID", "the incident that the report belongs to"),
)
STATED = (
    ("--impact", "30%", "the share of users affected"),
    ("--downtime", "4m", "how long users have been without the system"),
    ("--security", "", "a vulnerability was found"),
    ("--data-corruption", "", "corrupt or lost data was found"),
)
ARMED = (
    ("--arm", "TARGET", "allow changes on the target with this name"),
    (
        "--accept-loss",
        "79m",
        "accept that users lose so much of what they wrote; or rows, such as 412rows",
    ),
    ("--dry-run", "", "show the plan and change nothing"),
    ("--isolate", "", "only stop the units"),
    ("--use-defaults", "", "replace configuration that stays broken by its defaults"),
    ("--despite", "CRITERION", "go on although readiness refuses by this criterion"),
)
NOTIFY = (("--notify-test", "", "send a test message through every channel"),)
SOAK = (("--soak", "15m", "how long to watch; default: [soak] of rollback.toml"),)
ABOUT = {
    "ready": SuiteWords(
        "Check whether a rollback is possible now; change nothing. After each deploy, every night.",
        "READY",
        (*COMMON, *NOTIFY),
        ("--component web", "-k backups.intact"),
    ),
    "triage": SuiteWords(
        "Measure the system at the alarm, and recommend what to do; change nothing.",
        "MONITOR",
        (*COMMON, *STATED),
        ("--incident=INC-42 --impact=30%", "--downtime=4m --security"),
    ),
    "drill": SuiteWords(
        "Rehearse a rollback with real changes on a target that may be changed, and validate it. "
        "In an incident use `rollback now`.",
        "RECOVERED",
        (*COMMON, *ARMED),
        ("--target=sandbox", "--arm=staging --target=staging.toml"),
    ),
    "validate": SuiteWords(
        "Check that the system is healthy again after a rollback; change nothing.",
        "RECOVERED",
        COMMON,
        ("--component web", "-k logs"),
    ),
    "monitor": SuiteWords(
        "Watch the system for fifteen minutes after a rollback; change nothing.",
        "STEADY",
        (*COMMON, *SOAK),
        ("--incident=INC-42", "--soak=5m"),
    ),
}
"""What each of these commands says of itself."""


def parser(program: str, suite: SuiteWords) -> Parser:
    """Return the parser of a command's own options, for its help; pytest reads them itself."""
    examples = "\n".join(["examples:", *(f"  {program} {words}" for words in suite.examples)])
    made = Parser(
        prog=program,
        usage=f"{program} [--target PATH] [option of pytest ...]",
        description=suite.about,
        epilog=f"{examples}\n{CODES.format(good=suite.good)}",
        allow_abbrev=False,
    )
    add_target(made)
    group = made.add_argument_group("further options")
    for name, metavar, about in suite.options:
        shown = {"metavar": metavar} if metavar else {"nargs": 0}
        group.add_argument(name, help=about.replace("%", "%%"), action=HandedOn, **shown)
    return made


class HandedOn(argparse.Action):
    """An option that pytest reads: it is kept as it was typed, in its place."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,  # noqa: ARG002 - argparse's own
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,
    ) -> None:
        """Keep the option and its value."""
        word = f"{option_string}={values}" if values not in ([], None) else str(option_string)
        namespace.handed = [*getattr(namespace, "handed", []), word]


def run(name: str, arguments: Sequence[str], program: str) -> int:
    """Run the suite of a command; return its exit code."""
    asked, more = parser(program, ABOUT[name]).parse_known_args(arguments)
    words = [*getattr(asked, "handed", []), *more]
    suites = SUITES[name][:1] if {"--isolate", "--dry-run"} & set(words) else SUITES[name]
    paths = [f"suites/{each}" for each in suites]
    named = target(asked.rollback_target)
    command = f"{program} {shlex.join(arguments)}".rstrip()
    return run_suites(named, reports_of(named), command, *paths, *words)


ready = functools.partial(run, "ready")
triage = functools.partial(run, "triage")
drill = functools.partial(run, "drill")
validate = functools.partial(run, "validate")
monitor = functools.partial(run, "monitor")


def target(named: str | None) -> str:
    """Return the target that is meant, from whichever folder it was named.

    A sandbox is named as it is: pytest starts one for the session where none is up.
    """
    meant = named or usual()
    return meant if meant in outside().practice else str(Path(meant).absolute())


def run_suites(target: str, reports: Path, command: str, *words: str) -> int:
    """Run suites in a process of their own that prints to the same terminal.

    Args:
        target: a sandbox, or the path of a rollback.toml.
        reports: where the run leaves its folder.
        command: the command that was typed, for reports that say how to repeat it.
        words: suites and options.
    """
    settings = ("-o", f"rollback_reports={reports}", "-o", f"rollback_door={command}")
    where = f"--rollback-target={target}"
    pytest = [sys.executable, "-m", "pytest", "-q", "--no-header", where, *settings]
    try:
        return INTERRUPTS.carried_out([*pytest, *words], home())
    except NotBegun:
        return stopped(command)


def stopped(command: str) -> int:
    """Say that a command was interrupted before it changed anything; return the exit code."""
    INTERRUPTS.ending()
    shown(f"interrupted: nothing was changed\nHINT: {command}")
    return INTERRUPTED
