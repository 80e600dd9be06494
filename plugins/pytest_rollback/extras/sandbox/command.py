"""Run a sandbox: a small real system to practise rollbacks on."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from pytest_rollback.checks import latency
from pytest_rollback.errors import UsageError
from pytest_rollback.extras.sandbox.common.status import SandboxStatus
from pytest_rollback.extras.sandbox.local.sandbox import Embedded
from pytest_rollback.extras.sandbox.machine.image import Image
from pytest_rollback.extras.sandbox.machine.podman import usable
from pytest_rollback.extras.sandbox.machine.sandbox import Machine
from pytest_rollback.extras.sandbox.target import KINDS, NAME, usual
from pytest_rollback.manifest.load import load
from pytest_rollback.manifest.release import (
    ABOUT,
    BACKUPS,
    COMMANDS,
    IMAGES,
    LINKS,
    PACKAGES,
    STATE,
)
from pytest_rollback.recovery.rehearsal import folded
from pytest_rollback.run.command_line.arguments import Parser
from pytest_rollback.run.command_line.shared import settings, shown
from pytest_rollback.text.doors import rollback
from pytest_rollback.text.places import VILLAGE
from pytest_rollback.transport.connection import Connection

STORY = """
  {me} up        start it with the previous release, and deploy the current one
  {me} status    show units, edge and possible next commands
  {me} deploy    deploy a release, with backups
  {me} break     break the current release
  {me} reset     restore the state after the last deploy
  {me} down      stop and remove it

With --machine the sandbox is a whole host in a container, with systemd, nginx, PostgreSQL and
sshd.
"""
BUILD = """Build the image of the machine sandbox, unless it exists for the same inputs.

Packages of Debian and of pip come from the sources of this host.
"""
BUILD_STORY = """
examples:
  {me}
  {me} --base IMAGE
"""

EMBEDDED = (BACKUPS, STATE, LINKS, COMMANDS, IMAGES)
ON_MACHINE = (BACKUPS, STATE, PACKAGES)
WAYS = tuple(dict.fromkeys((*EMBEDDED, *ON_MACHINE)))
"""How a sandbox keeps the previous release: one of processes, one of a whole host, any."""


def folder() -> Path:
    """Return what the sandbox is made of: `rollback_sandbox` of the pytest configuration."""
    return settings().path("rollback_sandbox") or VILLAGE


def up(asked: argparse.Namespace) -> None:
    """Start the sandbox; one that is up already stays as it is."""
    demand_possible(asked)
    if (asked.dir / "sandbox.json").exists() and asked.kind.attach(asked.dir).running:
        shown(f"the sandbox in {asked.dir} is running already")
    else:
        down(asked)
        sandbox = asked.kind(folder(), strategy=asked.strategy).up(asked.dir, keep=True)
        if not asked.no_deploy:
            sandbox.deploy()
            keep_baseline(sandbox)
    status(asked)


def demand_possible(asked: argparse.Namespace) -> None:
    """Check that this kind of sandbox can keep releases as asked.

    Raises:
        UsageError: the other kind can.
    """
    if asked.machine and asked.strategy not in ON_MACHINE:
        raise UsageError(
            f"the machine sandbox keeps no releases by {asked.strategy}",
            hint=f"{asked.program} up --strategy {asked.strategy}, without --machine",
        )
    if not asked.machine and asked.strategy not in EMBEDDED:
        raise UsageError(
            f"{asked.strategy} need a host of their own",
            hint=f"{asked.program} up --strategy {asked.strategy} --machine",
        )


def keep_baseline(sandbox: Embedded | Machine) -> None:
    """Measure the healthy system, so that what is rolled back can be held against it.

    A reset keeps what was measured.
    """
    connection = Connection(load(sandbox.manifest_path).system)
    try:
        latency.keep(connection, connection.system)
    finally:
        connection.close()
    sandbox.keep()


def deploy(asked: argparse.Namespace) -> None:
    """Deploy a release."""
    sandbox = asked.kind.attach(asked.dir)
    name = sandbox.deploy(asked.release)
    keep_baseline(sandbox)
    shown(f"release {name} is deployed and healthy")


def break_(asked: argparse.Namespace) -> None:
    """Turn the current release bad."""
    sandbox = asked.kind.attach(asked.dir)
    states = sandbox.break_(asked.scenario)
    known = sandbox.scenarios.get(asked.scenario)
    about = f"{asked.scenario}: {known.about.description if known else 'your own files'}"
    shown("\n".join([*folded(about, 2), ""]))
    shown("\n".join(f"  {unit:24} {state}" for unit, state in states.items()))


def reset(asked: argparse.Namespace) -> None:
    """Bring back what was healthy after the last deploy."""
    asked.kind.attach(asked.dir).reset()
    shown("the sandbox is in the state after the last deploy")


def down(asked: argparse.Namespace) -> None:
    """End the sandbox; none is fine."""
    if asked.dir.exists() and any(asked.dir.iterdir()):
        asked.kind.attach(asked.dir).down()
        shown(f"the sandbox in {asked.dir} was removed")


def status(asked: argparse.Namespace) -> None:
    """Print what runs, what users get, and what can be done next."""
    sandbox = asked.kind.attach(asked.dir)
    found = sandbox.status()
    shown(f"sandbox   {found.directory} (a demonstration, not your system)")
    shown(f"release   {found.release}")
    shown(f"edge      {found.edge.url} answers {found.edge.status or 'nothing'}")
    ports = ", ".join(f"{name} {port}" for name, port in found.ports.items())
    shown("\n".join(folded(f"ports     {ports}", 10)))
    shown(f"manifest  {found.manifest}\n")
    shown("\n".join(rows(found)))
    shown("\nnext, one of:")
    shown("\n".join(f"  {line}" for line in following(asked, sandbox, found)))


def rows(found: SandboxStatus) -> list[str]:
    """Return a line for each unit: its name, its state, and whether it answers as it should."""
    words = {True: "healthy", False: "NOT HEALTHY", None: ""}
    return [
        f"  {unit:24} {one.state:9} {words[one.healthy]}".rstrip()
        for unit, one in found.units.items()
    ]


def following(
    asked: argparse.Namespace, sandbox: Embedded | Machine, found: SandboxStatus
) -> list[str]:
    """Return the commands that make sense now."""
    me = asked.program
    flag, target = (" --machine", "machine") if asked.machine else ("", NAME)
    arm: list[str] = []
    if asked.dir != usual(target):
        flag, arm = f"{flag} --dir {asked.dir}", [f"--arm={target}"]
        target = str(found.manifest)
    if not found.running:
        return [f"{me} reset{flag}", f"{me} down{flag}"]
    way_in = [f"ssh -F {found.directory}/ssh_config machine"] if asked.machine else []
    return [
        rollback("ready", f"--target={target}"),
        f"{me} break{flag} NAME",
        *folded(f"    NAME is {', '.join(sandbox.scenarios)}", 6),
        rollback("drill", f"--target={target}", *arm),
        f"{me} reset{flag}",
        f"{me} down{flag}",
        *way_in,
    ]


def parser(program: str) -> Parser:
    """Return the parser of the arguments."""
    shared = Parser(add_help=False)
    shared.add_argument("--dir", type=Path, help=f"its folder (default: {usual()})")
    shared.add_argument(
        "--machine",
        action="store_true",
        help="use the machine sandbox: a whole host in a container",
    )
    whole = Parser(
        description=__doc__,
        epilog=STORY.format(me=program),
        prog=program,
    )
    commands = whole.add_subparsers(dest="command", required=True, metavar="COMMAND")
    verbs: dict[str, Callable[[argparse.Namespace], None]]
    verbs = {"up": up, "status": status, "deploy": deploy, "break": break_}
    verbs |= {"reset": reset, "down": down}
    made: dict[str, argparse.ArgumentParser] = {}
    whole.set_defaults(program=program)
    for name, verb in verbs.items():
        made[name] = commands.add_parser(name, parents=[shared], help=verb.__doc__)
        made[name].set_defaults(run=verb)
    made["up"].add_argument(
        "--no-deploy", action="store_true", help="deploy only the previous release"
    )
    made["up"].add_argument(
        "--strategy",
        choices=WAYS,
        default=BACKUPS,
        help="; ".join(f"{name}: {ABOUT[name]}" for name in WAYS),
    )
    made["deploy"].add_argument(
        "release", nargs="?", type=Path, help="folder with the release's files"
    )
    made["break"].add_argument("scenario", help="a scenario's name, or a folder of files")
    return whole


def main(arguments: Sequence[str], program: str) -> int:
    """Start, show, change or end the sandbox; return the exit code."""
    asked = parser(program).parse_args(arguments)
    kind = "machine" if asked.machine else NAME
    asked.kind, asked.dir = KINDS[kind], (asked.dir or usual(kind)).absolute()
    asked.run(asked)
    return 0


def progress(line: str) -> None:
    """Print a line at once, also where the output is a file."""
    shown(line)
    sys.stdout.flush()


def build(arguments: Sequence[str], program: str) -> int:
    """Build the machine's image where it is not there yet; return the exit code."""
    parser = Parser(prog=program, description=BUILD, epilog=BUILD_STORY.format(me=program))
    parser.add_argument(
        "--base", default="", metavar="IMAGE", help="build again, on this image of Debian 12"
    )
    base, image = parser.parse_args(arguments).base, Image(folder())
    usable()
    there = image.there and not base
    name = image.built(progress, base)
    shown(f"the image {'exists already' if there else 'was built'}: {name}")
    shown("next: rollback sandbox up --machine, or rollback ready --target=machine")
    return 0
