"""What the commands that a procedure names do: ask components, bring imports in order, run suites.

Each of them is a file in `scripts/` of a few lines; which component one is about, its name says.
"""

from __future__ import annotations

import argparse
import datetime as dt
import re
import shlex
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pytest_rollback.agent.messages.trial import TRIAL
from pytest_rollback.cli.common import Parser, carried_out, reports, shown
from pytest_rollback.cli.rollback import RollbackCommand, usual
from pytest_rollback.errors import Refused, UsageError
from pytest_rollback.evidence.timeline import Timeline
from pytest_rollback.manifest import requests
from pytest_rollback.manifest.model import Component, System
from pytest_rollback.recovery.action import Scope
from pytest_rollback.recovery.actions import CLEAR_CACHES
from pytest_rollback.recovery.actions.requests import probe
from pytest_rollback.recovery.gate import Gate
from pytest_rollback.recovery.lock_holder import Holder
from pytest_rollback.run.run import identity, operator
from pytest_rollback.sandbox.target import KINDS
from pytest_rollback.transport.call import Call
from pytest_rollback.transport.connection import Connection

REPOSITORY = Path(__file__).resolve().parents[3]
SECONDS = 120.0
"""Seconds for all imports together."""
CODES = """
exit codes: 0 all is as it should be; 1 it is not; 4 usage, or a problem in rollback.toml;
7 the host cannot be used{more}
"""
Do = Callable[[argparse.Namespace, RollbackCommand], int]


def parser(script: str, words: str, more: str = "") -> Parser:
    """Return what every such command understands."""
    made = Parser(
        prog=f"scripts/{Path(script).name}",
        description=words,
        epilog=CODES.format(more=more),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument(
        "--rollback-target",
        metavar="PATH",
        help="a rollback.toml, or 'sandbox' or 'machine'; otherwise as pytest is set",
    )
    made.add_argument(
        "--component", action="append", default=[], metavar="NAME", help="this one; repeatable"
    )
    return made


def called(made: Parser, do: Do) -> int:
    """Carry a command out on its target; whatever it raises is one sentence and its hint."""

    def main() -> int:
        asked = made.parse_args()
        with RollbackCommand(REPOSITORY, target(asked), reports(REPOSITORY)) as at:
            return do(asked, at)

    return carried_out(main)


def target(asked: argparse.Namespace) -> str:
    """Return the target that is meant, from whichever folder it was named."""
    if asked.rollback_target in KINDS:
        return str(asked.rollback_target)
    if asked.rollback_target:
        return str(Path(asked.rollback_target).absolute())
    named = usual(REPOSITORY)
    return named if named in KINDS else str(REPOSITORY / named)


def suite(made: Parser, *words: str) -> int:
    """Run a suite of ours against the target; return its exit code.

    A sandbox is named as it is: pytest starts one for the session where none is up.
    """

    def main() -> int:
        asked = made.parse_args()
        command = [*words, *(f"--component={name}" for name in asked.component)]
        return SuitesCommand(target(asked)).pytest(*command)

    return carried_out(main)


class SuitesCommand(RollbackCommand):
    """A target that only suites look at; they find out themselves what it is."""

    def __init__(self, named: str) -> None:
        self.repository, self.named, self.reports = REPOSITORY, named, reports(REPOSITORY)
        self.manifest = Path(named)
        self.door = shlex.join([f"scripts/{Path(sys.argv[0]).name}", *sys.argv[1:]])


def parts(name: str) -> set[str]:
    """Return the words of a name, without the s of a plural."""
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
        what = f"there is no component {', '.join(unknown)}" if unknown else "no component is named"
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
    system, mine = at.system, tuple(components)
    asked = {name: probe(system, name) for each in mine for name in probes_of(each)}
    if edge and system.edge:
        asked["edge of the system"] = system.edge.model_dump(mode="json")
    found = answers(at.connection, asked)
    optional = {name for each in mine if not each.required for name in probes_of(each)}
    bad = [name for name in found if found[name]["problem"] or not found[name]["answered"]]
    shown("\n".join(line(name, found[name], optional=name in optional) for name in found))
    if set(bad) - (optional if len(mine) > 1 else set()):
        first = next((each for each in mine if set(probes_of(each)) & set(bad)), mine[0])
        raise Refused(
            f"{len(bad)} of {len(found)} probes are not answered as they should be",
            hint=f"tail -n 50 {first.log}"
            if first.log != "journal"
            else f"journalctl -eu {first.unit}",
        )
    return 0


def probes_of(component: Component) -> tuple[str, ...]:
    """Return the probes of a component, its health first."""
    return (component.health, *component.requests)


def answers(
    connection: Connection, asked: Mapping[str, Mapping[str, Any]]
) -> dict[str, dict[str, Any]]:
    """Return one answer to each probe; one round trip."""
    questions = [
        {"noun": "probes", "verb": "ask", "samples": 1, "probe": each} for each in asked.values()
    ]
    slowest = sum(float(each.get("timeout", 5.0)) for each in asked.values())
    return dict(zip(asked, connection.ask_all(questions, deadline=slowest + 5), strict=True))


def line(name: str, answer: Mapping[str, Any], *, optional: bool) -> str:
    """Return what one probe gave, for people."""
    if answer["problem"] or not answer["answered"]:
        return f"{'optional' if optional else 'NOT OK':8} {name}: {answer['problem'] or 'silent'}"
    return f"{'ok':8} {name}: {answer['samples_ms'][0]:.1f} ms"


def restoring(at: RollbackCommand, only: Iterable[str], armed: str | None, *, dry: bool) -> int:
    """Do what the configuration phase does for imports, then try them all; return the exit code.

    Raises:
        GateClosed: bytecode has to be cleared, and the target's name was not given.
        Refused: imports fail in the live tree.
    """
    names = frozenset(only)
    components = chosen(at.system, "", names or {each.name for each in at.system.components})
    scope, mine = Scope(at.system, names), identity(dt.datetime.now(dt.UTC))
    timeline = Timeline(at.reports / mine)
    gate = opened(at, scope, timeline, mine, armed)
    plan = gate.foresee(CLEAR_CACHES)
    shown("\n".join(f"  {each.what} ({each.why})" for each in plan) or "no stale bytecode")
    if plan and not dry:
        if not gate.is_open:
            at.ask(armed)
            gate = opened(at, scope, timeline, mine, at.target)
        cleared(gate)
    timeline.close()
    return importing(at, components)


def opened(
    at: RollbackCommand, scope: Scope, timeline: Timeline, run: str, armed: str | None
) -> Gate:
    """Return the door to changes, journaled on the host as those of a run."""
    holder = Holder.here(run, operator())
    return Gate(at.connection, scope, timeline, armed=armed, holder=holder)


def cleared(gate: Gate) -> None:
    """Clear stale bytecode; a rollback that was under way stays so, and nothing claims one."""
    outcome = "failed"
    try:
        gate.perform(CLEAR_CACHES)
        outcome = "interrupted" if gate.adopted.get("adopted") else "partial"
    finally:
        gate.end(outcome)


def importing(at: RollbackCommand, components: Iterable[Component]) -> int:
    """Try every import in the live tree, in fresh processes as the units would.

    Raises:
        Refused: some fail, or none is described.
    """
    tried = [requests.component(each)._replace(constructs=()) for each in components]
    request = requests.live_trial(at.system, tried, SECONDS)
    found = at.connection.ask(Call(TRIAL, request, SECONDS + 30)).components
    imported = {name: each.imports for name, each in found.items()}
    failed = [f"{name}: {entry}" for name, entry in failures(imported)]
    number = sum(map(len, imported.values()))
    if failed or not number:
        what = f"{len(failed)} of {number} imports fail" if number else "no imports are described"
        hint = f"restore what they need below {at.system.about.root}: scripts/rollback"
        raise Refused(
            what, findings=failed, hint=hint if number else "name them in rollback.toml: imports"
        )
    shown(f"{number} imports OK")
    return 0


def failures(tried: Mapping[str, Mapping[str, str | None]]) -> Iterator[tuple[str, str]]:
    """Yield component and import, with the reason, of what does not load."""
    for component, imports in tried.items():
        yield from ((component, f"{name}: {why}") for name, why in imports.items() if why)
