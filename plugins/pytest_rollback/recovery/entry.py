"""The entry of a drill: what readiness would refuse is not begun, because nothing is stopped yet.

Only what decides whether the previous release would come back is looked at. That users get errors,
that units are down, or that nobody was notified is why a rollback is wanted.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from pytest_rollback.agent.messages import configuration
from pytest_rollback.agent.messages.backup.strategies import PreviousParts
from pytest_rollback.agent.messages.backup.verify import HEADING
from pytest_rollback.agent.messages.configuration import ConfigurationFaults
from pytest_rollback.agent.messages.services.running import Running
from pytest_rollback.agent.messages.trial import ENTRY, Trial, route
from pytest_rollback.agent.messages.unit_files import UNIT_FILES, UnitFilesPlan, UnitFilesRequest
from pytest_rollback.checks import orphans, released, restored
from pytest_rollback.checks import parts as of_parts
from pytest_rollback.checks.running import refuse_elsewhere, refuse_survivors
from pytest_rollback.errors import Advisory, Refused, RollbackError, UsageError
from pytest_rollback.manifest import parts, requests
from pytest_rollback.manifest.release import COMMANDS
from pytest_rollback.recovery import status, strategies
from pytest_rollback.recovery.action import Scope
from pytest_rollback.recovery.actions import CLEAR_CACHES
from pytest_rollback.recovery.actions.services import running_of
from pytest_rollback.recovery.rehearsal import RehearsedStep
from pytest_rollback.transport.call import AnyCall, Call
from pytest_rollback.transport.connection import Connection

COMPILES = "readiness.tree.compiles"
IMPORTS = "readiness.tree.imports"
CONSTRUCTS = "readiness.tree.constructs"
RESOLVED = "readiness.units.resolved"
KEPT = "readiness.release.kept"
PARSES = "readiness.configuration.parses"
HANDLED = "readiness.units.handled"

CRITERIA = (KEPT, COMPILES, IMPORTS, CONSTRUCTS, RESOLVED, HANDLED, orphans.OWNED, PARSES)
"""The criteria of readiness that are asked again at the entry; `--despite` takes one of them."""

TIMEOUT = 120.0
"""Seconds for all trials together."""

GRACE = 30.0
RESTORING = frozenset({"files", "configuration"})
"""The phases that bring something back; without a change in them there is nothing to do."""


@dataclass(frozen=True)
class Objection:
    """What a criterion of readiness has against the rollback.

    Args:
        criterion: its id.
        error: what it found.
        despite: whether the drill goes on in spite of it: it was asked to; or nothing could be
            tried, because a unit is down, and that is why a rollback is wanted.
    """

    criterion: str
    error: RollbackError
    despite: bool

    @property
    def findings(self) -> tuple[str, ...]:
        """It in lines, with its id."""
        head = f"{self.criterion}: {self.error.message}"
        return (head, *(f"  {each}" for each in self.error.findings))


def demand_work(steps: Iterable[RehearsedStep], connection: Connection, scope: Scope) -> None:
    """Check that there is something to roll back; bytecode of a set that is spent is nothing.

    Raises:
        Refused: the previous release is live; nothing was done.
    """
    work = [step.action for step in steps if step.changes and step.action.phase in RESTORING]
    if any(action is not CLEAR_CACHES for action in work):
        return
    record = connection.ask(Call(HEADING, requests.location(scope.system)))
    if (work and not record.spent) or _is_open(connection):
        return
    back = f": run {record.spent} rolled it back" if record.spent else ": all files are as recorded"
    raise Refused(
        f"there is nothing to roll back{back}; nothing was done",
        hint="rollback validate says whether the system is well; the next deploy saves a new "
        "backup set before it copies files",
    )


def demand_parts(connection: Connection, scope: Scope) -> None:
    """Check that every part of a release of several was recorded; half a release is none.

    Nobody can overrule it: without a record of it a part would stay as the deploy has left it.

    Raises:
        Refused: one was not recorded.
    """
    if parts.is_mixed(scope.system):
        record = connection.ask(Call(HEADING, requests.location(scope.system)))
        of_parts.recorded(record, scope.system)


def _is_open(connection: Connection) -> bool:
    """Return whether the last run of this target has yet to end, whatever it has left to do."""
    target = connection.system.target.name
    found = [each for each in status.runs(connection) if each.target == target]
    return bool(found) and found[-1].state != "over"


def objections(
    connection: Connection, scope: Scope, despite: Iterable[str]
) -> tuple[Objection, ...]:
    """Return what readiness has against the rollback, from one round trip.

    Raises:
        RollbackError: the host cannot say.
    """
    system, chosen = scope.system, frozenset(despite)
    trial = requests.trial(system, map(requests.component, scope.components), TIMEOUT)
    asked = requests.configuration_faults(system)
    tree = Call(route(trial, ENTRY), trial._replace(git=system.fallback.git), TIMEOUT + GRACE)
    read = Call(configuration.route(asked), asked, TIMEOUT)
    running = running_of(scope)
    units = _unit_files(scope)
    kept = strategies.calls(strategies.used(system, scope.only), system)
    calls: list[AnyCall] = [*kept.values(), tree, read, running, *([units] if units else [])]
    answers = connection.ask_all(calls, deadline=TIMEOUT + GRACE)
    try:
        found = [
            *_kept(scope, strategies.previous(answers, system, kept)),
            *_found(scope, answers.of(tree), answers.of(read)),
            *_left(scope, answers.of(running)),
            *_unowned(scope, answers.of(units) if units else UnitFilesPlan()),
        ]
    except RollbackError as error:  # what could not be tried is not known to come back
        found = [(IMPORTS, error)]
    return tuple(objection(name, error, chosen) for name, error in found)


def objection(name: str, error: RollbackError, chosen: Container[str]) -> Objection:
    """Return what a criterion has against a rollback, `chosen` being those that are overruled."""
    return Objection(name, error, name in chosen or isinstance(error, restored.NotTried))


def _kept(scope: Scope, found: Mapping[str, PreviousParts]) -> Iterator[tuple[str, RollbackError]]:
    """Yield why the previous release cannot be gone back to, with every part that cannot."""
    check = partial(released.kept, system=scope.system)
    yield from _raised(KEPT, of_parts.each, found, scope.system, check)


def _found(
    scope: Scope, trial: Trial, read: ConfigurationFaults
) -> Iterator[tuple[str, RollbackError]]:
    """Yield what each criterion has against it; optional components stop nobody."""
    system = scope.system
    yield from _raised(COMPILES, restored.compiles, trial, system)
    # What commands bring back nobody has before they have run.
    there = [each for each in scope.components if parts.strategy(system, each) != COMMANDS]
    if not there:
        return
    for component in there:
        if component.required:
            yield from _raised(IMPORTS, restored.imports, trial, component)
            yield from _raised(CONSTRUCTS, restored.constructs, trial, component)
            yield from _raised(RESOLVED, restored.unit_resolves, trial, component)
    if not scope.defaults:  # what is broken gets its default, if that was confirmed
        yield from _raised(PARSES, restored.configuration_parses, read, system)


def _left(scope: Scope, running: Running) -> Iterator[tuple[str, RollbackError]]:
    """Yield the units of which processes would be left, after all of them are down."""
    for component in scope.components:
        yield from _raised(HANDLED, refuse_survivors, running, component)
        yield from _raised(HANDLED, refuse_elsewhere, running, component, scope.system.about.where)


def _unit_files(scope: Scope) -> Call[UnitFilesRequest, UnitFilesPlan] | None:
    """Return the call that asks for unit files that are not as recorded; None without a source."""
    source, units = scope.system.services.source, [each.unit for each in scope.components]
    if source is None:
        return None
    return Call(UNIT_FILES, requests.unit_files(scope.system, units, source), TIMEOUT)


def _unowned(scope: Scope, units: UnitFilesPlan) -> Iterator[tuple[str, RollbackError]]:
    """Yield the unit files that would be left as the deploy made them."""
    yield from _raised(orphans.OWNED, orphans.demand_none, units, scope.system)


def _raised(
    identity: str, check: Callable[..., None], *asked: object
) -> Iterator[tuple[str, RollbackError]]:
    """Yield the criterion and what it raises, where that stands against a rollback."""
    try:
        check(*asked)
    except Advisory:
        pass
    except RollbackError as error:
        yield identity, error


def overruled(named: Iterable[str]) -> frozenset[str]:
    """Return the criteria in spite of which a drill goes on.

    Raises:
        UsageError: one is none that a drill asks before it begins.
    """
    unknown = sorted(set(named) - set(CRITERIA))
    if unknown:
        raise UsageError(
            f"--despite: a drill is not refused by {', '.join(unknown)}",
            hint=f"one of {', '.join(CRITERIA)}",
        )
    return frozenset(named)


def refuse(found: Iterable[Objection], command: str) -> None:
    """Refuse to begin what readiness would refuse.

    Args:
        found: the objections; those that were overruled are left out.
        command: the command that was given, to be repeated in spite of them.

    Raises:
        Refused: one of them was not overruled.
    """
    standing = [each for each in found if not each.despite]
    if not standing:
        return
    names = list(dict.fromkeys(each.criterion for each in standing))
    despite = " ".join(f"--despite={name}" for name in names)
    raise Refused(
        "nothing was stopped: the previous release would not come back",
        findings=[line for each in standing for line in each.findings],
        hint=f"{standing[0].error.hint}; or go on in spite of it: {command} {despite}",
    )
