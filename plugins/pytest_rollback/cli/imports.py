"""The commands about imports: stale bytecode is cleared, then every import is tried."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping

from pytest_rollback.agent.messages.trial import TRIAL
from pytest_rollback.cli.rollback import RollbackCommand
from pytest_rollback.errors import Refused
from pytest_rollback.evidence.timeline import Timeline
from pytest_rollback.manifest import requests
from pytest_rollback.manifest.model import Component
from pytest_rollback.recovery.action import Scope
from pytest_rollback.recovery.actions import CLEAR_CACHES
from pytest_rollback.recovery.gate import Gate
from pytest_rollback.recovery.lock_holder import Holder
from pytest_rollback.run.command_line.shared import shown
from pytest_rollback.run.run import identity, operator
from pytest_rollback.text.quantities import count, part
from pytest_rollback.transport.call import Call

SECONDS = 120.0
"""Seconds for all imports together."""


def restore(
    at: RollbackCommand,
    components: Iterable[Component],
    only: frozenset[str],
    armed: str | None,
    *,
    dry: bool,
) -> int:
    """Do what the configuration phase does for imports, then try them all; return the exit code.

    Args:
        at: the target.
        components: whose imports are tried.
        only: the names of the components that were asked for; empty: all files of the system.
        armed: the target's name, where nobody can type it.
        dry: show what is stale and leave it there.

    Raises:
        GateClosed: bytecode has to be cleared, and the target's name was not given.
        Refused: imports fail in the live tree.
    """
    scope, run = Scope(at.system, only), identity(dt.datetime.now(dt.UTC))
    timeline = Timeline(at.reports / run)
    gate = opened(at, scope, timeline, run, armed)
    plan = gate.foresee(CLEAR_CACHES)
    shown("\n".join(f"  {each.what} ({each.why})" for each in plan) or "no stale bytecode")
    if plan and not dry:
        if not gate.is_open:
            at.ask(armed)
            gate = opened(at, scope, timeline, run, at.target)
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
        outcome = "interrupted" if gate.begun and gate.begun.adopted else "partial"
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
        what = (
            f"{part(len(failed), number, 'import')} failed"
            if number
            else "rollback.toml lists no imports"
        )
        hint = f"restore the missing files below {at.system.about.where}: rollback now"
        raise Refused(
            what,
            findings=failed,
            hint=hint if number else "add imports to the components in rollback.toml",
        )
    shown(f"{count(number, 'import')} OK")
    return 0


def failures(tried: Mapping[str, Mapping[str, str | None]]) -> Iterator[tuple[str, str]]:
    """Yield component and import, with the reason, of what does not load."""
    for component, imports in tried.items():
        yield from ((component, f"{name}: {why}") for name, why in imports.items() if why)
