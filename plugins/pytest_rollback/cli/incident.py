"""The commands of an incident that change a host: `rollback now` and `rollback undo`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from pytest_rollback.cli.rollback import Confirmed, RollbackCommand
from pytest_rollback.cli.target import parser
from pytest_rollback.recovery.entry import overruled
from pytest_rollback.run.command_line.arguments import Parser
from pytest_rollback.run.options import lost, told_openly

NOW = "Roll back in one command: triage, plan, confirmation, rollback, validation."
STORY = """
examples:
  {me} --incident=INC-42 --impact=30%
  {me} --dry-run           run triage and show the plan; change nothing

Nothing is changed before the target's name is typed, or given with --arm; nor, where a database
is restored, before it is typed what is lost by that, or given with --accept-loss.
Ctrl-C ends at the next safe point; the same command resumes from there.

exit codes: 0 recovered, or shown; 1 not; 2 interrupted; 4 usage; all others: README.md
"""
UNDO = "Undo a run: restore the failed release exactly, as it was when the run began."
UNDO_STORY = """
examples:
  {me} 20261124-061200-ab12
  {me} 20261124-061200-ab12 --without=config/app.env    leave this file as it is

It shows what will be changed, then asks for the target's name; and where a restored database is
swapped back, for what users lose by that. Once it is interrupted, the same command goes on.

exit codes: 0 undone, or nothing to do; 1 not; 2 interrupted; 4 usage, or no such run; 7 the host
cannot be used; 12 another run holds it; 13 the name of the target was not given, or what users
lose was not accepted
"""


def stated(asked: argparse.Namespace) -> list[str]:
    """Return the options of triage for what only people know."""
    values = {"impact": asked.impact, "downtime": asked.downtime}
    flags = {"security": asked.security, "data-corruption": asked.data_corruption}
    said = [f"--{name}={value}" for name, value in values.items() if value is not None]
    return said + [f"--{name}" for name, given in flags.items() if given]


def undo(arguments: Sequence[str], program: str) -> int:
    """Take a run back; return the exit code."""
    made = parser(program, UNDO, UNDO_STORY)
    add = made.add_argument
    add("run", metavar="RUN", help="the run")
    add("--arm", metavar="TARGET", help="the target's name, instead of typing it")
    add("--accept-loss", metavar="5m", help="what users may lose, instead of typing it")
    add("--without", action="append", default=[], metavar="PATH", help="leave this file as it is")
    asked = made.parse_args(arguments)
    lost(asked.accept_loss)
    with RollbackCommand.opened(asked, arguments, program) as at:
        given = Confirmed(asked.arm, asked.accept_loss)
        return at.undo(asked.run, given, tuple(asked.without))


def options(made: Parser) -> None:
    """Add the options of a rollback."""
    add = made.add_argument
    add("--arm", metavar="TARGET", help="the target's name, instead of typing it")
    add("--accept-loss", metavar="79m", help="what may be lost: a time, or 412rows")
    add("--component", action="append", default=[], metavar="NAME", help="only this one")
    add("--incident", metavar="ID", help="the incident that the report belongs to")
    add("--impact", metavar="30%", help="the share of users affected, for triage")
    add("--downtime", metavar="4m", help="how long users have been without the system")
    add("--security", action="store_true", help="a vulnerability was found")
    add("--data-corruption", action="store_true", help="corrupt or lost data was found")
    add("--isolate", action="store_true", help="only stop the units")
    add("--use-defaults", action="store_true", help="replace configuration that stays broken")
    about = "go on although readiness refuses by this criterion"
    add("--despite", action="append", default=[], metavar="CRITERION", help=about)
    add("--dry-run", action="store_true", help="show the plan, change nothing")


def handed_on(asked: argparse.Namespace) -> list[str]:
    """Return the options for every suite."""
    words = [f"--component={name}" for name in asked.component]
    return words + ([f"--incident={told_openly(asked.incident)}"] if asked.incident else [])


def of_drill(asked: argparse.Namespace) -> list[str]:
    """Return the options for what rolls back."""
    words = [f"--despite={name}" for name in asked.despite]
    words += ["--use-defaults"] if asked.use_defaults else []
    return words + (["--isolate"] if asked.isolate else [])


def now(arguments: Sequence[str], program: str) -> int:
    """Roll back; return the exit code."""
    made = parser(program, NOW, STORY)
    options(made)
    asked = made.parse_args(arguments)
    overruled(asked.despite)
    lost(asked.accept_loss)
    with RollbackCommand.opened(asked, arguments, program) as at:
        handed, more = handed_on(asked), of_drill(asked)
        given = Confirmed(asked.arm, asked.accept_loss)
        return at.roll_back(handed, stated(asked), more, given, dry=asked.dry_run)
