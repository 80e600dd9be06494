"""`rollback fleet`: ready, plan, roll, undo and status of one system on many hosts."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Sequence

from pytest_rollback.errors import GateClosed, UsageError
from pytest_rollback.extras.fleet.errands import LOSS
from pytest_rollback.extras.fleet.fleet_run import FleetRun, Typed
from pytest_rollback.extras.fleet.grid import watch
from pytest_rollback.extras.fleet.views.table import plan_lines, state_lines, summary
from pytest_rollback.manifest.load import load
from pytest_rollback.recovery.entry import overruled
from pytest_rollback.run.command_line.arguments import Parser, add_target
from pytest_rollback.run.command_line.shared import shown
from pytest_rollback.run.extras import outside, place, reports_of, usual
from pytest_rollback.run.options import fitting, lost, told_openly

CHOOSE = ("ready", "recovered", "undone")
"""The good ends of commands that can be about some of the hosts alone."""

CODES = """
exit codes: 0 {good}; 1 not; 2 interrupted; 4 usage, or a problem in rollback.toml; 7 hosts cannot
be reached; 10 inconclusive: a host is lost; 11 recovered, but too late; 12 a host is held by
somebody else; 13 the name of the target was not given
"""
STORY = """
examples:
  {me}
  {me} --target=shop/rollback.toml
"""
WATCH_STORY = """
examples:
  {me}
  {me} --watch
"""
ROLL_STORY = """
examples:
  {me}
  {me} --arm=production --incident=INC-42
  {me} --arm=production --limit='web1,web2*'

Nothing is changed without --arm, nor before every host was asked. Ctrl-C begins no further host; a
second one ends those under way at their next safe point. The same command goes on, also from
another machine: which release a host has is asked of the host. With --limit the quorum and all
shares are still those of the whole fleet, and the verdict says how many hosts were left alone.
"""


def asked(
    arguments: Sequence[str], program: str, about: str, good: str, story: str = STORY
) -> argparse.Namespace:
    """Return what was typed."""
    parser = Parser(
        prog=program, description=about, epilog=(story + CODES).format(me=program, good=good)
    )
    add_target(parser)
    if story is ROLL_STORY:
        parser.add_argument("--arm", metavar="TARGET", help="allow changes: the target's name")
        help_ = "what users may lose where the database is brought back, as 79m or 412rows"
        parser.add_argument("--accept-loss", metavar="LOSS", help=help_)
    if story is WATCH_STORY:
        help_ = "follow the run that this machine carries out; no host is asked"
        parser.add_argument("--watch", action="store_true", help=help_)
    if good in CHOOSE:
        help_ = "only these hosts: names with * and ?, between commas"
        parser.add_argument("--limit", default="", metavar="PATTERN", help=help_)
        help_ = "both releases may not serve at once: stop all hosts first, behind the page"
        parser.add_argument("--at-once", action="store_true", help=help_)
    if good == "recovered":
        parser.add_argument("--incident", metavar="ID", help="the incident of the reports")
        help_ = "go on although readiness refuses by this criterion"
        parser.add_argument(
            "--despite", action="append", default=[], metavar="CRITERION", help=help_
        )
    return parser.parse_args(arguments)


def opened(named: argparse.Namespace, arguments: Sequence[str], program: str) -> FleetRun:
    """Return the fleet that is meant.

    Raises:
        UsageError: rollback.toml describes none, or another target is armed.
    """
    target = named.rollback_target or usual()
    if target in outside().practice:
        raise UsageError(
            f"{target} is no fleet", hint="--target=PATH names a rollback.toml with [fleet]"
        )
    path = place(target).absolute()
    system = load(path).system
    if system.fleet is None:
        raise UsageError(
            f"{path} describes no fleet",
            hint='[fleet] with hosts = ["web1.example", "web2.example"], see docs/fleet.md',
        )
    fitting(getattr(named, "arm", None), system)
    at_once, limit = getattr(named, "at_once", False), getattr(named, "limit", "")
    if at_once and limit:
        raise UsageError(
            "--at-once with --limit: the hosts that are left alone would serve the live release",
            hint="leave one of both out",
        )
    command = f"{program} {shlex.join(arguments)}".rstrip()
    incident = told_openly(named.incident) if getattr(named, "incident", None) else ""
    typed = Typed(command, limit, at_once, incident)
    return FleetRun(path, system, system.fleet, typed)


def ready(arguments: Sequence[str], program: str) -> int:
    """Ask whether every host could be rolled back; return the exit code."""
    about = "Check readiness of every host; change nothing."
    fleet = opened(asked(arguments, program, about, "ready"), arguments, program)
    refuse_each(fleet)
    return fleet.ready()


def plan(arguments: Sequence[str], program: str) -> int:
    """Show hosts and batches; return the exit code."""
    about = "Show the hosts, which release each has, and the batches; change nothing."
    fleet = opened(asked(arguments, program, about, "shown"), arguments, program)
    states = fleet.survey()
    shown("\n".join(plan_lines(fleet.plan, fleet.fleet.parallel)))
    shown("\n".join(["", *state_lines(fleet.plan, states)]))
    shown(f"next: rollback fleet roll --arm={fleet.system.target.name}")
    return 0


def status(arguments: Sequence[str], program: str) -> int:
    """Show what each host says of itself; return the exit code."""
    about = "Ask every host which release it has, and who is at work there."
    named = asked(arguments, program, about, "as shown", WATCH_STORY)
    fleet = opened(named, arguments, program)
    if named.watch:
        return watch(reports_of(str(fleet.source)), fleet.system.target.name)
    states = fleet.survey()
    shown("\n".join(state_lines(fleet.plan, states)))
    shown(summary(states.values()))
    left, page = fleet.out_of_service(), fleet.once.standing()
    if left or page:
        shown("\n".join([*left, *page]))
        also = " --at-once" if page else ""
        shown(f"next: rollback fleet roll --arm={fleet.system.target.name}{also}")
    return 0 if all(each.reached for each in states.values()) else 7


def roll(arguments: Sequence[str], program: str) -> int:
    """Roll back; return the exit code."""
    about = "Roll a fleet back: the canary first, then batch by batch."
    named = asked(arguments, program, about, "recovered", ROLL_STORY)
    overruled(named.despite)
    fleet = opened(named, arguments, program)
    refuse_each(fleet)
    demand_arm(named.arm, fleet)
    words = [f"--despite={each}" for each in named.despite]
    words += [f"--incident={fleet.about.incident}"] if fleet.about.incident else []
    words += accepted(named, fleet)
    return fleet.roll(named.arm, *words)


def undo(arguments: Sequence[str], program: str) -> int:
    """Take the last rollback of each host back; return the exit code."""
    about = "Undo the last rollback of each host, in the same batches."
    named = asked(arguments, program, about, "undone", ROLL_STORY)
    fleet = opened(named, arguments, program)
    refuse_each(fleet)
    demand_arm(named.arm, fleet)
    return fleet.undo(named.arm, *accepted(named, fleet))


def accepted(named: argparse.Namespace, fleet: FleetRun) -> list[str]:
    """Return the option that says which loss of data is accepted, as the canary is told.

    Raises:
        GateClosed: a restore always loses something, and nobody has accepted that.
    """
    lost(named.accept_loss)
    database = fleet.system.database
    if named.accept_loss or database is None or database.return_ == "keep":
        return [f"{LOSS}{named.accept_loss}"] if named.accept_loss else []
    if database.restores:
        raise GateClosed(
            f"nothing was changed: nobody has accepted what is lost of {database.name}",
            hint=f"{fleet.about.command} --accept-loss=79m, or as much as rollback drill --dry-run "
            "says of the canary",
        )
    return [f"{LOSS}0rows"]  # as long as nobody says more


def refuse_each(fleet: FleetRun) -> None:
    """Refuse to have each host bring the database back; one does, with all others stopped.

    Raises:
        UsageError: each would.
    """
    database = fleet.system.database
    if database is None or database.return_ == "keep":
        return
    if not (fleet.about.at_once and "database" in fleet.fleet.once):
        how = database.return_
        raise UsageError(
            f"each host of the fleet would {how} the database anew",
            hint='once = ["database"] in [fleet] and --at-once have the canary do that once, with '
            'all hosts stopped; or set return = "keep" in [database]',
        )


def demand_arm(armed: str | None, fleet: FleetRun) -> None:
    """Refuse to change anything without the name of the target.

    Raises:
        GateClosed: it was not given.
    """
    if armed is None:
        name, count = fleet.system.target.name, len(fleet.plan.hosts)
        shown("\n".join(plan_lines(fleet.plan, fleet.fleet.parallel)))
        raise GateClosed(
            f"nothing was changed: {count} hosts are changed once {name!r} is typed",
            hint=f"add --arm={name} to the same command",
        )
