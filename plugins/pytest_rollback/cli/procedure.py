"""The commands that a procedure names: ask components, bring imports in order, run suites.

Each of them has a file in `scripts/`; which component one is about, the file's name says.
"""

from __future__ import annotations

import argparse
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from pytest_rollback.agent.messages.probes.sample import ASK, ProbeRequest, ProbeResult, ProbeSpec
from pytest_rollback.cli import imports as imports_
from pytest_rollback.cli.rollback import RollbackCommand
from pytest_rollback.cli.suites import run_suites, target
from pytest_rollback.errors import Refused, UsageError
from pytest_rollback.manifest import requests
from pytest_rollback.manifest.model import Component, System
from pytest_rollback.run.command_line.arguments import Parser, add_target
from pytest_rollback.run.command_line.shared import shown
from pytest_rollback.run.extras import reports_of
from pytest_rollback.run.options import fitting
from pytest_rollback.text.quantities import part
from pytest_rollback.transport.call import Call
from pytest_rollback.transport.connection import Connection

CODES = """
examples:
  {me}{first}
  {me}{first} --component NAME --target=shop/rollback.toml

exit codes: 0 no fault; 1 a fault; 4 usage, or a problem in rollback.toml;
7 the host cannot be used{more}
"""
UNKNOWN_CODE = "; 10 inconclusive; 14 not everything was evaluated"
PROBE = "Phase 4: run all probes of the component in this script's name, on the target's host."
PROBES = "Phase 4: run all probes of all components, and the probe of the edge."
IMPORTS = "Phase 3: clear stale bytecode beside restored sources, then test every live import."
PLAN = "Show what a rollback of the target would do, with estimated times; change nothing."


def parser(program: str, words: str, more: str = "", first: str = "") -> Parser:
    """Return the parser of such a command, with the options that all of them have.

    Args:
        program: the name of the command, for help and hints.
        words: what it does.
        more: exit codes beside those that all of them have.
        first: what its examples begin with.
    """
    made = Parser(
        prog=program,
        description=words,
        epilog=CODES.format(me=program, more=more, first=first),
    )
    add_target(made)
    made.add_argument(
        "--component",
        action="append",
        default=[],
        metavar="NAME",
        help="only this component; repeatable",
    )
    return made


def reached(asked: argparse.Namespace) -> RollbackCommand:
    """Return the target that a command is about."""
    return RollbackCommand(target(asked.rollback_target))


def probe(arguments: Sequence[str], program: str) -> int:
    """Ask the component in the program's own name its probes; return the exit code."""
    asked = parser(program, PROBE).parse_args(arguments)
    with reached(asked) as at:
        return answering(at, chosen(at.system, program, asked.component))


def probes(arguments: Sequence[str], program: str) -> int:
    """Ask every component and the edge; return the exit code."""
    asked = parser(program, PROBES).parse_args(arguments)
    with reached(asked) as at:
        components = chosen(at.system, program, asked.component or names(at.system))
        return answering(at, components, edge=not asked.component)


def imports(arguments: Sequence[str], program: str) -> int:
    """Show what is stale, clear it once armed, try the imports; return the exit code."""
    more = "; 12 another run has the host; 13 the name of the target was not given"
    made = parser(program, IMPORTS, more, " --dry-run")
    add = made.add_argument
    add(
        "--from-backup",
        action="store_true",
        help="restore from the backup set; the only way, and the default",
    )
    add("--arm", metavar="TARGET", help="the name of the target, instead of typing it")
    add("--dry-run", action="store_true", help="show the plan and test the imports; change nothing")
    asked = made.parse_args(arguments)
    with reached(asked) as at:
        fitting(asked.arm, at.system)
        components = chosen(at.system, "", asked.component or names(at.system))
        only = frozenset(asked.component)
        return imports_.restore(at, components, only, asked.arm, dry=asked.dry_run)


def plan(arguments: Sequence[str], program: str) -> int:
    """Rehearse the drill; return the exit code."""
    made = parser(program, PLAN, UNKNOWN_CODE)
    made.add_argument("--dry-run", action="store_true", help="the default")
    asked = made.parse_args(arguments)
    named, command = target(asked.rollback_target), f"{program} {shlex.join(arguments)}".rstrip()
    selected = [f"--component={name}" for name in asked.component]
    return run_suites(named, reports_of(named), command, "suites/drill", "--dry-run", *selected)


def names(system: System) -> list[str]:
    """Return the names of all components, in start order."""
    return [each.name for each in system.components]


def parts(name: str) -> set[str]:
    """Return the words of a name in lower case, without the s of a plural."""
    return {word.removesuffix("s") for word in re.split(r"[^a-z0-9]+", name.lower()) if word}


def chosen(system: System, script: str, names: Iterable[str]) -> tuple[Component, ...]:
    """Return the components that are meant: those named, or those in the script's own name.

    Raises:
        UsageError: there is no such component, or none was named.
    """
    known, wanted = {each.name: each for each in system.components}, list(names)
    own = parts(Path(script).stem)
    wanted = wanted or [name for name in known if parts(name) <= own]
    unknown = sorted(set(wanted).difference(known))
    if unknown or not wanted:
        what = (
            f"there is no component {', '.join(unknown)}" if unknown else "no component is selected"
        )
        raise UsageError(what, hint=f"--component=NAME, one of: {', '.join(known)}")
    return tuple(each for each in system.components if each.name in wanted)


def answering(at: RollbackCommand, components: Iterable[Component], *, edge: bool = False) -> int:
    """Ask every probe of the components once, and print what was answered; return the exit code.

    Args:
        at: the target.
        components: which.
        edge: whether what users get is asked as well, where it is described.

    Raises:
        Refused: a required component does not answer as it should.
    """
    mine, system = tuple(components), at.system
    names = [name for each in mine for name in probes_of(each)]
    asked = {name: requests.probe(system.probes[name]) for name in names}
    if edge and system.edge:
        asked["edge of the system"] = requests.edge_probe(system, system.edge)
    found = answers(at.connection, asked)
    optional = {name for each in mine if not each.required for name in probes_of(each)}
    bad = {name for name, each in found.items() if each.wrong}
    shown("\n".join(line(name, found[name], optional=name in optional) for name in found))
    if bad - (optional if len(mine) > 1 else set()):
        first = next((each for each in mine if set(probes_of(each)) & bad), mine[0])
        raise Refused(
            f"{part(len(bad), len(found), 'probe')} failed",
            hint=first.see_logs(),
        )
    return 0


def probes_of(component: Component) -> tuple[str, ...]:
    """Return the probes of a component, its health first."""
    return (component.health, *component.requests)


def answers(connection: Connection, asked: Mapping[str, ProbeSpec]) -> dict[str, ProbeResult]:
    """Return one answer to each probe; one round trip."""
    calls = {name: Call(ASK, ProbeRequest(probe)) for name, probe in asked.items()}
    slowest = sum(probe.timeout for probe in asked.values())
    found = connection.ask_all(list(calls.values()), deadline=slowest + 5)
    return {name: found.of(call) for name, call in calls.items()}


def line(name: str, answer: ProbeResult, *, optional: bool) -> str:
    """Return what one probe gave, for people."""
    if answer.wrong:
        return f"{'optional' if optional else 'NOT OK':8} {name}: {answer.wrong}"
    return f"{'ok':8} {name}: {answer.samples_ms[0]:.1f} ms"
